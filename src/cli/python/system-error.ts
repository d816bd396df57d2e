import { getSystemErrorMap } from 'node:util';

/** A failed call of the operating system in Python's words, such as `[Errno 28] No space left on device`. */
export function systemErrorText({ code = '', errno, message }: NodeJS.ErrnoException): string {
  if (errno === undefined) return message;
  const text = WORDS[code] ?? getSystemErrorMap().get(errno)?.[1];
  if (text === undefined) return message;
  return `[Errno ${Math.abs(errno)}] ${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** Where libuv's words are not those of the C library. */
const WORDS: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'File name too long',
  EISDIR: 'Is a directory',
  EIO: 'Input/output error',
  ELOOP: 'Too many levels of symbolic links',
};
