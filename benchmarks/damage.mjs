// Photos made worse in one way at a time, step by step, and what that costs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { facesFolder } from './faces.mjs';

/** Around a shrunk photo, so that it stays a photo of the same size: the face is far away then. */
const BACKDROP = '#808080';

/** A photo as pixels, with the shorter side of the face in it. */
const open = (row) =>
  sharp(readFileSync(join(facesFolder, row.path)))
    .autoOrient()
    .removeAlpha();

/**
 * Kinds of damage by the component of quality that has to tell of them. `steps` run from slight to useless;
 * `apply` takes the photo and the shorter side of its face in pixels.
 */
export const DAMAGE = {
  InterEyeDistance: {
    unit: 'face of so many pixels',
    steps: [64, 48, 36, 28, 22, 17, 13],
    apply: async (row, sizePx, target) => {
      const { width, height } = await open(row).metadata();
      const share = Math.min(1, target / sizePx);
      const small = await open(row)
        .resize(Math.round(width * share), Math.round(height * share), { kernel: 'lanczos3' })
        .toBuffer();
      const side = Math.max(width, height);
      return sharp({ create: { width: side, height: side, channels: 3, background: BACKDROP } })
        .composite([{ input: small }])
        .png()
        .toBuffer();
    },
  },
  Sharpness: {
    // Saved as JPEG, as photos are: what that leaves behind looks sharp.
    unit: "blur, σ as a share of the face's side",
    saved: 'jpeg',
    steps: [0.01, 0.02, 0.03, 0.045, 0.06, 0.08],
    apply: (row, sizePx, share) =>
      open(row)
        .blur(Math.max(0.3, share * sizePx))
        .jpeg({ quality: 90 })
        .toBuffer(),
  },
  UnderExposurePrevention: {
    unit: 'times as bright',
    steps: [0.5, 0.3, 0.2, 0.12, 0.07, 0.04],
    apply: (row, _, factor) => open(row).linear(factor, 0).png().toBuffer(),
  },
  OverExposurePrevention: {
    unit: 'times as bright',
    steps: [1.5, 2, 2.7, 3.5, 5],
    apply: (row, _, factor) => open(row).linear(factor, 0).png().toBuffer(),
  },
};

/** Rows for `analyse`: every photo with every damage. */
export const damagedRows = (probes) =>
  Object.entries(DAMAGE).flatMap(([component, { steps, apply, saved = '' }]) =>
    steps.flatMap((step) =>
      probes.map(({ row, face }) => ({
        ...row,
        path: `${row.path}#${component}-${step}`,
        sha256: `${row.sha256}-${component}-${step}${saved}`,
        component,
        step,
        probe: row.path,
        make: () => apply(row, face.sizePx, step),
      })),
    ),
  );
