// Loaded into the service with `node --import`: measures how late its event loop runs. On SIGUSR2 it
// writes the figures since the last one to LIKENESS_LOOP_FILE, in milliseconds beyond the meter's own 1 ms.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env.LIKENESS_LOOP_FILE;
if (isMainThread && file) {
  const resolutionMs = 1;
  const meter = monitorEventLoopDelay({ resolution: resolutionMs });
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  meter.enable();
  process.on('SIGUSR2', () => {
    const figures = {
      samples: meter.count,
      p50: late(meter.percentile(50)),
      p99: late(meter.percentile(99)),
      max: late(meter.max),
    };
    meter.reset();
    writeFileSync(`${file}.part`, JSON.stringify(figures));
    renameSync(`${file}.part`, file);
  });
}
