const ALPHABET = /[A-Za-z0-9+/]/;

/**
 * Python's lenient `base64.b64decode`: what is not of the alphabet is skipped, the padding must be right.
 * Undefined where Python raises `binascii.Error`.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  let digits = '';
  let pads = 0;
  for (const char of text) {
    const position = digits.length % 4;
    if (char === '=') {
      pads++;
      if (position >= 2 && position + pads >= 4) return Buffer.from(digits, 'base64');
    } else if (ALPHABET.test(char)) {
      pads = 0;
      digits += char;
    }
  }
  return digits.length % 4 === 0 ? Buffer.from(digits, 'base64') : undefined;
}
