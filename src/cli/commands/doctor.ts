import { parseArgs } from 'node:util';
import { OperatorError } from '../../errors.js';
import {
  checkDisk,
  checkKernel,
  checkMachine,
  checkPort,
  checkSecretFiles,
  type Finding,
} from '../doctor-checks.js';
import { checkGpu, checkModels, checkRuntimes, graphicsDevices } from '../doctor-vision.js';

/** Looks at what the service needs, with the settings it would have. Exit code 1 where something is wrong. */
export async function doctor(args: readonly string[]): Promise<number> {
  const { json } = parse(args);
  if (!json) process.stderr.write('Trying models and runtimes out …\n');
  const { inspect } = await import('../../main.js');
  const { config, kernel, models, runtimes } = await inspect(process.env);
  const gpus = graphicsDevices();
  const findings: Finding[] = [
    ...checkMachine(),
    checkKernel(kernel),
    ...checkModels(models),
    ...checkRuntimes(runtimes, config.runtime, gpus),
    checkGpu(gpus, runtimes, config.runtime),
    ...checkDisk(config.dataDirectory),
    await checkPort(config),
    ...checkSecretFiles({
      LIKENESS_KEYS_FILE: config.keysFile,
      LIKENESS_MASTER_KEY_FILE: config.masterKeyFile,
      LIKENESS_TLS_KEY: config.tlsKey,
    }),
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

const MARKS = { ok: 'ok   ', unused: '–    ', note: 'note ', fault: 'FAULT' } as const;

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
