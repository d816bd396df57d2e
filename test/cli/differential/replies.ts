import type { Shape } from '../../../src/model/shapes.js';
import type { ScriptedReply } from '../recorded/cases.js';
import type { Choices } from './trial.js';
import { anyText, jsonOf, jsonText } from './values.js';

const CODES = [
  'InvalidParameterException',
  'ResourceNotFoundException',
  'AccessDeniedException',
  'com.amazonaws.rekognition#ResourceInUseException',
  'ImageTooLargeException:http://internal.amazon.com/coral/',
  '',
] as const;

/** Replies to one command: mostly good ones, of several pages where the operation has pages. */
export function repliesOf(
  output: Shape,
  { paged, choices }: { paged: boolean; choices: Choices },
): ScriptedReply[] {
  if (choices.chance(0.12)) return [errorReply(choices)];
  const good = (): ScriptedReply => ({ body: jsonOf(output, choices, 0.02) });
  if (!paged) return [good()];
  const count = choices.below(4);
  const pages = Array.from({ length: count }, (_, page) => ({
    body: withToken(jsonOf(output, choices, 0.01), `"token ${page}"`),
  }));
  return [...pages, { body: withToken(jsonOf(output, choices, 0.01), choices.of(['null', '""'])) }];
}

/** The body with this NextToken and no other. */
function withToken(body: string, token: string): string {
  if (!body.startsWith('{')) return body;
  const rest = body.slice(1).replaceAll(/"NextToken": /g, '"Other": ');
  return `{"NextToken": ${token}${rest === '}' ? '' : ', '}${rest}`;
}

function errorReply(choices: Choices): ScriptedReply {
  const members = [
    `"__type": ${jsonText(choices.of(CODES), choices)}`,
    `"${choices.of(['message', 'Message'])}": ${choices.of([jsonText(anyText(choices), choices), 'null', '3'])}`,
    '"Code": "Inner"',
    '"Logref": "x"',
  ].filter(() => choices.chance(0.8));
  return {
    status: choices.of([400, 400, 403, 404, 413, 500, 503]),
    body: choices.of([
      `{${choices.shuffled(members).join(', ')}}`,
      `{${members.join(', ')}}`,
      '',
      'not json',
      '[]',
      '<html>no</html>',
    ]),
  };
}
