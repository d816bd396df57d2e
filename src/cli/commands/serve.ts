/** Runs the service in this process until it is told to stop. */
export async function serve(): Promise<void> {
  const { runService } = await import('../../main.js');
  await runService();
}
