import { type Outcome, withoutToken } from '../recorded/run-case.js';

/**
 * What differs between the two programs, apart from how AWS CLI 2.9 and 2.36 themselves differ; empty:
 * nothing.
 */
export function disagreement(theirs: Outcome, ours: Outcome): string {
  const [left, right] = [comparable(theirs), comparable(ours)];
  return (['exitCode', 'stdout', 'stderr', 'requests'] as const)
    .filter((part) => JSON.stringify(left[part]) !== JSON.stringify(right[part]))
    .map(
      (part) =>
        `${part}\n  aws   ${JSON.stringify(left[part])}\n  ours  ${JSON.stringify(right[part])}`,
    )
    .join('\n');
}

const comparable = ({ exitCode, stdout, stderr, requests }: Outcome): Outcome => ({
  exitCode,
  stdout,
  stderr: comparableText(stderr),
  requests: requests.map(withoutToken),
});

/** More hosts were added. */
const CONTAINER_HOSTS = /from (?:a loopback address or one of )?these hosts: .*/;

const USAGE = /usage: aws [\s\S]*?<subcommand> help\n/;

/** A message without what the two versions write around it. */
function comparableText(stderr: string): string {
  return withoutUsage(stderr)
    .replace(/^warning: Non-positive values for --max-items .*\n/m, '')
    .replaceAll('aws: [ERROR]: ', '')
    .replace(/An error occurred \((?:ParamValidation|NoRegion|NoCredentials|Configuration)\): /, '')
    .replace('"aws login"', '"aws configure"')
    .replace(/(ambiguous option: .*), --cli-error-format/, '$1')
    .replace(CONTAINER_HOSTS, 'of some hosts')
    .replace(/ for input:\n[\s\S]*$/, (shown) => shown.replaceAll(/^ +/gm, ''))
    .trim();
}

function withoutUsage(stderr: string): string {
  if (!USAGE.test(stderr)) return stderr;
  const message = stderr.replace(USAGE, '').replace('aws: error: ', '').trim();
  const [, argument] =
    /argument (\S+): (?:Invalid choice|Found invalid choice)/.exec(message) ?? [];
  if (argument === undefined) return message;
  const close = [...message.matchAll(/^ {2}\* (.*)$/gm)].map(([, word]) => word);
  return `argument ${argument}: invalid choice ${close.join(' ')}`;
}
