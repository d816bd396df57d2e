/** Texts that a pattern of the model takes in full, and texts just outside it. */
interface PatternTexts {
  inside: string[];
  outside: string[];
}

const LETTERS_AND_DIGITS = Array.from(
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
);
const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCodePoint(code));
/** Characters that careless comparisons take for letters, digits or nothing. */
const LOOKALIKES = ['é', 'ｱ', '٣', '\u200b', '\u00a0', 'ı', '𝐚'];

/** A pattern that is one class of ASCII characters, repeated: each character is tried on its own and in a text. */
function ofClass(allowed: readonly string[]): PatternTexts {
  const refused = [...ASCII.filter((character) => !allowed.includes(character)), ...LOOKALIKES];
  const wrap = (character: string): string => `000${character}000`;
  return { inside: allowed.map(wrap), outside: refused.map(wrap) };
}

const UUID = '01234567-89ab-cdef-0123-456789abcdef';

const TAG_CHARACTERS = ['a', 'Z', '5', ' ', '_', '.', ':', '/', '=', '+', '-', '@'];
const TAG_SCRIPTS = ['é', 'ключ', '日本語', '٣', '½', '𐐀', '\u00a0', '\u2028'];
const tagText = (character: string): string => `k${character}`;
const NOT_IN_TAGS = ASCII.filter(
  (character) => !/[a-zA-Z0-9]/.test(character) && !TAG_CHARACTERS.includes(character),
);
const TAGS: PatternTexts = {
  inside: [...TAG_CHARACTERS, ...TAG_SCRIPTS].map(tagText),
  // Symbols, marks and invisible characters are neither letter, separator nor number.
  outside: [...NOT_IN_TAGS, '€', '😀', '\u0301', '\u200b'].map(tagText),
};

/** By the model's own text; a new pattern has to be added here before its probes can be made. */
export const PATTERN_TEXTS: Readonly<Record<string, PatternTexts>> = {
  '[a-zA-Z0-9_.\\-]+': ofClass([...LETTERS_AND_DIGITS, '_', '.', '-']),
  '[a-zA-Z0-9_.\\-:]+': ofClass([...LETTERS_AND_DIGITS, '_', '.', '-', ':']),
  '^[a-zA-Z0-9-_]+$': ofClass([...LETTERS_AND_DIGITS, '-', '_']),
  '[0-9A-Za-z\\.\\-_]*': ofClass([...LETTERS_AND_DIGITS, '.', '-', '_']),
  '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}': {
    inside: [UUID, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    outside: [
      '',
      UUID.toUpperCase(),
      UUID.replace('a', 'g'),
      UUID.replace('0', '/'),
      UUID.replace('0', ':'),
      UUID.replace('0', '٠'),
      UUID.slice(1),
      `${UUID}0`,
      `${UUID}\n`,
      `\n${UUID}`,
      ` ${UUID}`,
      `{${UUID}}`,
      UUID.replaceAll('-', ''),
      UUID.replace('-', '_'),
      UUID.replace('01234567-', '0123456-7'),
    ],
  },
  '^(?!aws:)[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*$': {
    inside: [...TAGS.inside, 'aws', 'AWS:x', 'xaws:', 'aws.:'],
    outside: [...TAGS.outside, 'aws:', 'aws:x'],
  },
  '^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$': {
    inside: [...TAGS.inside, '', 'aws:'],
    outside: TAGS.outside,
  },
};
