/** What a client command touches of the world, so that tests can run many commands in one process. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** A fresh idempotency token. */
  newToken(): string;
  /** Waits between attempts, milliseconds. */
  sleep(ms: number): Promise<void>;
}

export interface Output {
  write(text: string): void;
  readonly terminal: boolean;
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number;
}

/** What reading files needs. */
export type Place = Pick<Io, 'env' | 'cwd'>;
