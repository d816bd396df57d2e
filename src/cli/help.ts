import { OPERATOR_COMMANDS } from './commands.js';

/** The first page: what the program does and every command in a line. */
export function generalHelp(): string {
  const operator = Object.entries(OPERATOR_COMMANDS).map(
    ([name, { summary }]) => [name, summary] as const,
  );
  return `Likeness finds faces and people in photos, with the commands of \`aws rekognition\`.

Usage: likeness COMMAND [options]
       likeness COMMAND --help     what a command does, its options and an example

To run it:
${rows(operator)}

To use it (as \`aws rekognition\`, without keys, region or endpoint for a service on this machine):
${rows(Object.entries(OPERATION_SUMMARIES))}

Options of all operations: likeness associate-faces --help
Example:                   likeness create-collection --collection-id people
`;
}

const OPERATION_SUMMARIES = {
  'create-collection': 'Make a collection.',
  'delete-collection': 'Delete a collection and all it holds.',
  'describe-collection': 'Count the faces and users of a collection.',
  'list-collections': 'List the collections.',
  'index-faces': 'Find the faces in a photo and store them.',
  'list-faces': 'List stored faces.',
  'delete-faces': 'Delete stored faces.',
  'search-faces': 'Find the faces that resemble a stored one.',
  'search-faces-by-image': 'Find the faces that resemble the one in a photo.',
  'create-user': 'Make a user: a person with many faces.',
  'delete-user': 'Delete a user; the faces stay.',
  'list-users': 'List the users.',
  'associate-faces': 'Give faces to a user, each only if it resembles the user.',
  'disassociate-faces': 'Take faces from a user.',
  'search-users': 'Find the users that resemble a face or user.',
  'search-users-by-image': 'Find the users that resemble the face in a photo.',
  'detect-faces': 'Describe the faces in a photo; stores nothing.',
  'compare-faces': 'Compare the face in one photo with those in another.',
  'tag-resource': 'Tag a collection.',
  'untag-resource': 'Remove tags from a collection.',
  'list-tags-for-resource': 'List the tags of a collection.',
} as const;

function rows(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n');
}

/** What one command does; undefined for a name that is no command. */
export async function helpOn(name: string): Promise<string | undefined> {
  const command = Object.hasOwn(OPERATOR_COMMANDS, name) ? OPERATOR_COMMANDS[name] : undefined;
  if (!command) return (await import('./operation-help.js')).operationHelp(name);
  const { summary, usage, details, example } = command;
  const lines = details.map((line) => `  ${line}\n`).join('');
  return `${summary}\n\nUsage: ${usage}\n${lines === '' ? '' : `\n${lines}`}\nExample: ${example}\n`;
}
