import { parseArgs } from 'node:util';
import { OperatorError } from '../../errors.js';
import {
  checkDisk,
  checkGpu,
  checkKernel,
  checkKeysFile,
  checkMachine,
  checkPort,
  type Finding,
} from '../doctor-checks.js';

/** Looks at what the service needs, with the settings it would have. Exit code 1 where something is wrong. */
export async function doctor(args: readonly string[]): Promise<number> {
  const { json } = parse(args);
  if (!json) process.stderr.write('Trying the models out …\n');
  const { inspect } = await import('../../main.js');
  const { config, kernel, vision, notes } = await inspect(process.env);
  const runtime = 'runtime' in vision ? vision.runtime : undefined;
  const findings: Finding[] = [
    ...checkMachine(),
    checkKernel(kernel),
    'fault' in vision
      ? { what: 'models', state: 'fault', found: vision.fault, remedy: 'run npm ci again' }
      : { what: 'models', state: 'ok', found: `checksums agree, loaded: ${vision.model}` },
    ...(runtime === undefined
      ? []
      : [{ what: 'inference runtime', state: 'ok', found: runtime } as const]),
    checkGpu(runtime),
    ...checkDisk(config.dataDirectory),
    await checkPort(config.host, config.port),
    ...checkKeysFile(config.keysFile),
    ...notes.map((found) => ({ what: 'note', state: 'note', found }) as const),
  ];
  process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : text(findings));
  return findings.some(({ state }) => state === 'fault') ? 1 : 0;
}

function parse(args: readonly string[]): { json: boolean } {
  try {
    return parseArgs({
      args: [...args],
      options: { json: { type: 'boolean', default: false } },
    }).values;
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}

const MARKS = { ok: 'ok   ', note: 'note ', fault: 'FAULT' } as const;

function text(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(({ what, state, found, remedy }) => {
    const line = `${MARKS[state]}  ${what.padEnd(width)}  ${found}`;
    return remedy === undefined ? line : `${line}\n${' '.repeat(width + 9)}→ ${remedy}`;
  });
  const faults = findings.filter(({ state }) => state === 'fault').length;
  const end = faults === 0 ? 'Ready to serve.' : `${faults} to repair.`;
  return `${lines.join('\n')}\n\n${end}\n`;
}
