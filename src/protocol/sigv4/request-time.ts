const BASIC_ISO = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** Epoch milliseconds of a `20150830T123600Z`; undefined for any other form and for dates no calendar has. */
export function parseRequestTime(text: string): number | undefined {
  if (!BASIC_ISO.test(text)) return undefined;
  const timeMs = Date.parse(text.replace(BASIC_ISO, '$1-$2-$3T$4:$5:$6Z'));
  return Number.isNaN(timeMs) || formatRequestTime(timeMs) !== text ? undefined : timeMs;
}

/** `20150830T123600Z`: ISO 8601 basic format, UTC, whole seconds. */
export const formatRequestTime = (timeMs: number): string =>
  new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
