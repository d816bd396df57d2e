import type { MessagePort } from 'node:worker_threads';
import { type Net, type Nets, RuntimeFault } from './runtime.js';

interface RunMessage {
  id: number;
  net: string;
  pixels: Float32Array;
  batch: number;
}
interface ResultMessage {
  id: number;
  outputs?: Float32Array[];
  error?: string;
}

/** Lets the thread at the other end of the port run these nets, by the name of their model. */
export function serveNets(port: MessagePort, nets: Nets): void {
  port.on('message', ({ id, net, pixels, batch }: RunMessage) => {
    const run = nets.get(net)?.run(pixels, batch) ?? Promise.reject(new Error(`no net ${net}`));
    run.then(
      (outputs) =>
        port.postMessage(
          { id, outputs } satisfies ResultMessage,
          outputs.map((values) => values.buffer as ArrayBuffer),
        ),
      (error: unknown) => port.postMessage({ id, error: String(error) } satisfies ResultMessage),
    );
  });
}

/**
 * Nets that another thread owns: pixels and numbers change hands without being copied, so the pixels given to
 * `run` are gone afterwards.
 *
 * @param maxBatches the most images one run of each net takes, by the name of its model.
 */
export function netsBehind(port: MessagePort, maxBatches: Readonly<Record<string, number>>): Nets {
  let nextId = 1;
  const open = new Map<
    number,
    { resolve: (outputs: Float32Array[]) => void; reject: (error: Error) => void }
  >();
  port.on('message', ({ id, outputs, error }: ResultMessage) => {
    const call = open.get(id);
    open.delete(id);
    if (outputs) call?.resolve(outputs);
    else call?.reject(new RuntimeFault(error ?? 'the thread of the nets gave no answer'));
  });
  const netBehind = (net: string, maxBatch: number): Net => ({
    maxBatch,
    run: (pixels, batch) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        open.set(id, { resolve, reject });
        port.postMessage({ id, net, pixels, batch } satisfies RunMessage, [
          pixels.buffer as ArrayBuffer,
        ]);
      }),
  });
  return new Map(Object.entries(maxBatches).map(([net, most]) => [net, netBehind(net, most)]));
}
