import type { OperationName } from '../../src/model/operations.js';

/** What was seen to pass: by operation, then by client. */
export type Results = Record<string, Record<string, ClientResult>>;

export interface ClientResult {
  /** The ways to reach the service under which every check of this operation passed. */
  modes: string[];
  /** Errors the client was shown, each with its name and text. */
  errors: string[];
}

/** Notes that a client passed something, once it has. */
export function notePass(
  results: Results,
  { operation, client }: { operation: OperationName; client: string },
  { mode, errors }: { mode?: string; errors: readonly string[] },
): void {
  const ofOperation = (results[operation] ??= {});
  const ofClient = (ofOperation[client] ??= { modes: [], errors: [] });
  if (mode !== undefined) ofClient.modes.push(mode);
  ofClient.errors = [...new Set([...ofClient.errors, ...errors])].toSorted();
}

/** A row of the README's table: the cells behind the operation's name. */
export interface TableOptions {
  operations: readonly string[];
  clients: readonly string[];
  modes: readonly string[];
  /** The errors the model declares for an operation. */
  declared: (operation: string) => readonly string[];
}

/** The README's table of operations and clients, as the results give it. */
export function clientTable(results: Results, options: TableOptions): string {
  const { operations, clients } = options;
  const rows = operations.map(
    (operation) => `| ${operation} | ${cells(results, operation, options).join(' | ')} |`,
  );
  return [
    `| operation | ${clients.join(' | ')} | errors |`,
    `|---|${clients.map(() => '---|').join('')}---|`,
    ...rows,
  ].join('\n');
}

function cells(
  results: Results,
  operation: string,
  { clients, modes, declared }: TableOptions,
): string[] {
  const ofClients = clients.map((client) => results[operation]?.[client]);
  const passes = ofClients.map((result) => {
    const failed = modes.filter((mode) => !result?.modes.includes(mode));
    return failed.length === 0 ? '✓' : `fails: ${failed.join(', ')}`;
  });
  const known = declared(operation);
  const shown = (ofClients[0]?.errors ?? []).filter((code) =>
    ofClients.every((result) => result?.errors.includes(code)),
  );
  const others = shown.filter((code) => !known.includes(code));
  const count = shown.length - others.length;
  const declaredOnes =
    count === known.length ? `all ${count} declared` : `${count} of ${known.length}`;
  return [...passes, [declaredOnes, ...others].join(', ')];
}
