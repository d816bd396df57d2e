import { USAGE } from '../arguments/argparse.js';
import { ERROR_FORMATS, type ErrorFormat } from '../arguments/options.js';
import { type CommandError, ServiceError, UnknownOptionsError } from '../errors.js';
import type { Io } from '../io.js';
import type { Dict, Value } from '../python/value.js';
import { type ResultOptions, writeValue } from './write-result.js';

/**
 * Shows a fault on standard error as the AWS CLI does. Faults with a name (see FaultName) and errors of
 * the service can be shown in a format; all others are plain text.
 */
export async function writeError(
  error: CommandError,
  io: Pick<Io, 'stderr'>,
  { format, options }: { format: string | undefined; options: ResultOptions },
): Promise<void> {
  const { stderr } = io;
  const plain = (text: string): void => stderr.write(`\nlikeness: [ERROR]: ${text.trimEnd()}\n`);
  if (error instanceof UnknownOptionsError) {
    stderr.write(`\n${USAGE}\n`);
    return plain(error.message);
  }
  const details = detailsOf(error);
  const chosen = details && isFormat(format) ? format : 'enhanced';
  if (!details || chosen === 'legacy') return plain(error.message);
  if (chosen === 'enhanced')
    return plain(
      error instanceof ServiceError
        ? error.message
        : `An error occurred (${error.fault}): ${error.message}`,
    );
  const value = options.query ? options.query.search(details) : details;
  await writeValue(chosen, { title: 'error', value, options }, (text) => stderr.write(text));
}

const isFormat = (format: string | undefined): format is ErrorFormat =>
  (ERROR_FORMATS as readonly (string | undefined)[]).includes(format);

function detailsOf(error: CommandError): Dict | undefined {
  if (error instanceof ServiceError) return error.details;
  if (error.fault === undefined) return undefined;
  return new Map<string, Value>([
    ['Code', error.fault],
    ['Message', error.message],
  ]);
}
