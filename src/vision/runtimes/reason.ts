/** Why a runtime cannot be used, in one line: native loaders like to print a page. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return 'not installed';
  return error.message.split('\n', 1)[0] || error.name;
}
