import { OperatorError } from './errors.js';

/** A field, quoted or not, and what ends it (RFC 4180). */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;

/** The rows of a CSV text; empty lines are skipped. OperatorError names the line that cannot be read. */
export function parseCsv(text: string, file: string): string[][] {
  const input = text.replace(/^\ufeff/, '');
  const rows: string[][] = [];
  let row: string[] = [];
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < input.length || row.length > 0) {
    const at = FIELD.lastIndex;
    const [, quoted, plain = '', end] = FIELD.exec(input) ?? [];
    if (end === undefined) {
      const line = input.slice(0, at).split('\n').length;
      throw new OperatorError(`${file}: line ${line} has a quote that is not closed or misplaced`);
    }
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}
