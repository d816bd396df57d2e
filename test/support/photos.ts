import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const folder = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);

/** A group photo that comes inside the face-api package: sample1.jpg to sample6.jpg. */
export const samplePhoto = (number: number): Promise<Buffer> =>
  readFile(join(folder, `sample${number}.jpg`));

/** How many faces a person counts in each sample photo. */
export const FACES_IN_SAMPLE = { 1: 3, 2: 3, 3: 3, 4: 4, 5: 5, 6: 4 } as const;

/**
 * People of the sample photos, as the centre of the face (ratios of the photo) and a crop's side in
 * pixels. `anna` is in two photos, taken at different places.
 */
const PEOPLE = {
  anna: { photo: 1, x: 0.81, y: 0.24, side: 340 },
  annaElsewhere: { photo: 3, x: 0.59, y: 0.27, side: 340 },
  berta: { photo: 6, x: 0.21, y: 0.41, side: 380 },
  clara: { photo: 6, x: 0.38, y: 0.32, side: 380 },
  dora: { photo: 5, x: 0.81, y: 0.36, side: 380 },
  emma: { photo: 4, x: 0.2, y: 0.2, side: 380 },
} as const;
export type PersonName = keyof typeof PEOPLE;

/** A view of a portrait: what another camera or another day would change. */
export interface View {
  brightness?: number;
  /** Degrees. */
  rotate?: number;
  /** Side of the result in pixels. */
  size?: number;
  quality?: number;
}

/** A portrait cut out of a sample photo, as JPEG bytes. Different views are different photos of one person. */
export async function portrait(person: PersonName, view: View = {}): Promise<Buffer> {
  const { photo, x, y, side } = PEOPLE[person];
  const bytes = await samplePhoto(photo);
  const { width, height } = await sharp(bytes).metadata();
  const left = Math.round(Math.min(width - side, Math.max(0, x * width - side / 2)));
  const top = Math.round(Math.min(height - side, Math.max(0, y * height - side / 2)));
  const cut = await sharp(bytes).extract({ left, top, width: side, height: side }).toBuffer();
  return sharp(cut)
    .modulate({ brightness: view.brightness ?? 1 })
    .rotate(view.rotate ?? 0, { background: '#808080' })
    .resize(view.size ?? side)
    .jpeg({ quality: view.quality ?? 90 })
    .toBuffer();
}

/** `count` different views of one person. */
export const portraits = (person: PersonName, count: number): Promise<Buffer[]> =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      portrait(person, {
        brightness: 0.9 + 0.02 * (i % 11),
        rotate: (i % 7) - 3,
        size: 260 + 4 * (i % 23),
        quality: 80 + (i % 15),
      }),
    ),
  );
