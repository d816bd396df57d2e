/** `shlex.split(text)`: words as a POSIX shell splits them; undefined where a quote or escape is not closed. */
export function shellWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && /["\\]/.test(text[at + 1] ?? ''))
        word += text[++at] ?? '';
      else word += char;
    } else if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      if (at + 1 >= text.length) return undefined;
      word = `${word ?? ''}${text[++at]}`;
    } else word = `${word ?? ''}${char}`;
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
