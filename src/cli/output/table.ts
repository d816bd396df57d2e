import { eastAsianWidth } from 'get-east-asian-width';
import { CommandError } from '../errors.js';
import { str } from '../python/repr.js';
import {
  codePoints,
  compareText,
  type Dict,
  isDict,
  isList,
  isScalar,
  isTrue,
  typeName,
  type Value,
} from '../python/value.js';

/** Blanks a cell adds to its content. */
const PADDING = 4;

interface Section {
  readonly title: string;
  readonly indent: number;
  headers: readonly string[];
  rows: string[][];
  columns: number | undefined;
  widths: number[];
}

export interface TableOptions {
  /** Columns of the terminal: single rows of a wider table are turned into pairs. */
  readonly columns: number;
  readonly color: boolean;
}

/** The pieces of a table, one a write of the AWS CLI: with colour, each ends with a reset. */
export function tablePieces(title: string, value: Value, options: TableOptions): string[] {
  const sections: Section[] = [];
  if (!build(sections, { title, indent: 0 }, value)) return [];
  let width = tableWidth(sections);
  if (width > options.columns) {
    turnSingleRows(sections);
    width = tableWidth(sections);
  }
  const style = options.color ? COLORED : PLAIN;
  return [
    `${'-'.repeat(width)}\n`,
    ...sections.flatMap((section) => render(section, width, style)),
  ];
}

interface Style {
  readonly cell: (text: string) => string;
  readonly bar: string;
}

const PLAIN: Style = { cell: (text) => text, bar: '|' };
const COLORED: Style = {
  cell: (text) => `\x1b[1m\x1b[34m${text}\x1b[0m`,
  bar: '\x1b[2m\x1b[33m|\x1b[0m',
};

interface Place {
  readonly title: string | undefined;
  readonly indent: number;
}

/** Turns a value into sections; false for what shows nothing. */
function build(sections: Section[], { title, indent }: Place, value: Value): boolean {
  if (!isTrue(value)) return false;
  if (title !== undefined)
    sections.push({ title, indent, headers: [], rows: [], columns: undefined, widths: [] });
  if (isDict(value)) buildDict(sections, value, indent);
  if (!isList(value)) return true;
  if (isDict(value[0])) buildDicts(sections, { title, indent }, value);
  else
    for (const item of value) {
      if (isList(item) && !item.every(isScalar))
        build(sections, { title: undefined, indent: 0 }, item);
      else addRow(sections, isDict(item) ? [...item.keys()] : isList(item) ? item : [item]);
    }
  return true;
}

function buildDict(sections: Section[], dict: Dict, indent: number): void {
  const { scalars, more } = keysOf([dict]);
  const row = scalars.map((key) => dict.get(key) ?? null);
  const [only] = scalars;
  if (scalars.length === 1 && only !== undefined) addRow(sections, [only, ...row]);
  else if (scalars.length > 0) {
    addHeaders(sections, scalars);
    addRow(sections, row);
  }
  for (const key of more)
    build(sections, { title: key, indent: indent + 1 }, dict.get(key) ?? null);
}

function buildDicts(sections: Section[], place: Place, values: readonly Value[]): void {
  const { scalars, more } = keysOf(values);
  addHeaders(sections, scalars);
  for (const [index, value] of values.entries()) {
    if (!isDict(value)) throw notADict(value);
    if (index > 0 && more.length > 0) {
      const { title = '', indent } = place;
      sections.push({ title, indent, headers: [], rows: [], columns: undefined, widths: [] });
      addHeaders(sections, scalars);
    }
    addRow(
      sections,
      scalars.map((key) => value.get(key) ?? (value.has(key) ? null : '')),
    );
    for (const key of more) {
      const item = value.get(key);
      if (item !== undefined) build(sections, { title: key, indent: place.indent + 1 }, item);
    }
  }
}

/** What Python says of an element that has no keys. */
function notADict(value: Value): CommandError {
  if (typeof value === 'string')
    return new CommandError("string indices must be integers, not 'str'");
  if (isList(value))
    return new CommandError(
      `list indices must be integers or slices, not ${typeName(value[0] ?? null)}`,
    );
  return new CommandError(`'${typeName(value)}' object is not iterable`);
}

/** Keys with scalar values and the others; a key can be both. */
function keysOf(values: readonly Value[]): { scalars: string[]; more: string[] } {
  const scalars = new Set<string>();
  const more = new Set<string>();
  for (const value of values)
    if (isDict(value)) for (const [key, item] of value) (isScalar(item) ? scalars : more).add(key);
  return {
    scalars: [...scalars].toSorted(compareText),
    more: [...more].toSorted(compareText),
  };
}

function addHeaders(sections: readonly Section[], headers: readonly string[]): void {
  const section = sections.at(-1);
  if (!section) return;
  section.columns ??= headers.length;
  section.headers = headers;
  widen(section, headers);
}

function addRow(sections: readonly Section[], values: readonly Value[]): void {
  const section = sections.at(-1);
  if (!section) return;
  section.columns ??= values.length;
  if (values.length !== section.columns)
    throw new CommandError(
      `Row should have ${section.columns} elements, instead it has ${values.length}`,
    );
  const row = values.map(str);
  section.rows.push(row);
  widen(section, row);
}

function widen(section: Section, row: readonly string[]): void {
  section.widths = row.map((text, index) => Math.max(widthOf(text), section.widths[index] ?? 0));
}

/** Columns a text takes: wide, full-width and ambiguous characters take two. */
const widthOf = (text: string): number =>
  codePoints(text).reduce(
    (width, char) => width + eastAsianWidth(char.codePointAt(0) ?? 0, { ambiguousAsWide: true }),
    0,
  );

function tableWidth(sections: readonly Section[]): number {
  return Math.max(
    ...sections.map(({ title, indent, widths }) => {
      const content = widths.reduce((sum, width) => sum + width + PADDING, 0);
      return Math.max(widthOf(title), content) + 2 + 2 * indent;
    }),
  );
}

function turnSingleRows(sections: Section[]): void {
  for (const section of sections) {
    const [row] = section.rows;
    if (section.rows.length !== 1 || section.headers.length === 0 || row === undefined) continue;
    const pairs = section.headers.map((header, index) => [header, row[index] ?? '']);
    Object.assign(section, { headers: [], rows: [], columns: undefined, widths: [] });
    for (const pair of pairs) addRow([section], pair);
  }
}

function render(section: Section, tableColumns: number, { cell, bar }: Style): string[] {
  const width = tableColumns - section.indent * 2;
  const bars = bar.repeat(section.indent);
  const line = (text: string): string[] => [bars, text, bars, '\n'];
  const pieces: string[] = [];
  const { title, headers, rows } = section;
  if (title !== '') {
    pieces.push(...line(centered(title, width, '|')));
    if (headers.length === 0 && rows.length === 0)
      pieces.push(...line(`+${'-'.repeat(width - 2)}+`));
  }
  const widths = scaled(section.widths, width);
  const rule = line(
    `+${widths.map((w, index) => '-'.repeat(w - (index === 0 ? 2 : 1))).join('+')}+`,
  );
  if (headers.length > 0) {
    const cells = headers.map((header, index) =>
      centered(header, widths[index] ?? 0, index === 0 ? '|' : ''),
    );
    pieces.push(...rule, ...line(cells.join('')));
  }
  if (rows.length > 0 && widths.length > 0) {
    pieces.push(...rule);
    for (const row of rows) {
      const cells = row.map((text, index) =>
        leftAligned(text, cell(text), { length: widths[index] ?? 0, edge: index === 0 ? '|' : '' }),
      );
      pieces.push(...line(cells.join('')));
    }
    pieces.push(...rule);
  }
  return pieces;
}

/** Column widths that sum up to the table's: scaled, rounded half to even, then corrected one by one. */
function scaled(widths: readonly number[], total: number): number[] {
  const padded = widths.map((width) => width + PADDING);
  const sum = padded.reduce((a, b) => a + b, 0);
  if (padded.length === 0) return padded;
  const result = padded.map((width) => roundHalfEven((total / sum) * width));
  let surplus = result.reduce((a, b) => a + b, 0) - total;
  while (surplus !== 0) {
    const order = surplus < 0 ? [...result.keys()].toReversed() : [...result.keys()];
    for (const index of order) {
      result[index] = (result[index] ?? 0) - Math.sign(surplus);
      surplus -= Math.sign(surplus);
      if (surplus === 0) break;
    }
  }
  return result;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

const spaces = (count: number): string => ' '.repeat(Math.max(count, 0));

function centered(text: string, length: number, leftEdge: string): string {
  const width = widthOf(text);
  const left = Math.floor(length / 2) - Math.floor(width / 2) - 1;
  return `${leftEdge}${spaces(left)}${text}${spaces(length - 1 - (leftEdge.length + left + width))}|`;
}

function leftAligned(
  text: string,
  styled: string,
  { length, edge }: { length: number; edge: string },
): string {
  const width = widthOf(text);
  const padding = length >= width + 2 + edge.length + 1 ? 2 : 0;
  return `${edge}${spaces(padding)}${styled}${spaces(length - edge.length - padding - width - 1)}|`;
}
