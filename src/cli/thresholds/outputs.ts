import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ThresholdsReport } from '../../thresholds/report.js';
import { nextSteps } from '../commands/calibrations.js';

/** Writes the page and the charts that were asked for; the first report is the one in question. */
export async function writePictures(
  reports: readonly ThresholdsReport[],
  { html, svg }: { html?: string | undefined; svg?: string | undefined },
): Promise<void> {
  if (html === undefined && svg === undefined) return;
  const { renderHtml, renderSvgs } = await import('../../thresholds/html/render-html.js');
  if (html !== undefined) await writeFile(html, renderHtml(reports));
  if (svg === undefined) return;
  await mkdir(svg, { recursive: true });
  for (const { file, content } of renderSvgs(reports)) await writeFile(join(svg, file), content);
}

/** Fits a calibration to a report and keeps it as a new version; what to print. */
export async function applyCalibration(
  report: ThresholdsReport,
  { data, version }: { data: string; version: string | undefined },
): Promise<string> {
  const { fitCalibration } = await import('../../thresholds/fit-calibration.js');
  const { calibrationText } = await import('../../thresholds/calibration-text.js');
  const { openBeside } = await import('../../store/sqlite/beside.js');
  const calibration = fitCalibration(report, { version, nowMs: Date.now() });
  const store = openBeside(data);
  try {
    await store.calibrations.add(calibration);
  } finally {
    store.close();
  }
  return `${calibrationText(calibration)}\nKept. Nothing uses it yet:\n${nextSteps(calibration.curve.version)}`;
}

/** Before hours of measuring: is there a data directory to keep the result in? */
export async function requireData(data: string): Promise<void> {
  const { openBeside } = await import('../../store/sqlite/beside.js');
  openBeside(data).close();
}
