import { OperatorError } from './errors.js';

/** A field, quoted or not, and what ends it (RFC 4180). */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;

/** A row of a CSV text. */
export interface CsvRow {
  /** Where it begins, counted from 1 as editors do: a quoted field may hold line breaks. */
  line: number;
  cells: string[];
}

/** The rows of a CSV text; empty lines are skipped. OperatorError names the line that cannot be read. */
export function parseCsv(text: string, file: string): CsvRow[] {
  const input = text.replace(/^\ufeff/, '');
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let [line, begins] = [1, 1];
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < input.length || cells.length > 0) {
    const [, quoted, plain = '', end] = FIELD.exec(input) ?? [];
    if (end === undefined)
      throw new OperatorError(`${file}: line ${line} has a quote that is not closed or misplaced`);
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += breaksIn(quoted) + breaksIn(end);
    if (end === ',') continue;
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: begins, cells });
    cells = [];
    begins = line;
  }
  return rows;
}

const breaksIn = (text = ''): number => text.match(/\r\n|\n|\r/g)?.length ?? 0;
