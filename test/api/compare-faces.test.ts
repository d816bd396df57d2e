import { CompareFacesCommand, InvalidParameterException } from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sharedClient } from '../support/api.js';
import { FACES_IN_SAMPLE, portrait, samplePhoto } from '../support/photos.js';

const client = sharedClient();
const compare = async (source: Buffer, target: Buffer, SimilarityThreshold?: number) =>
  client.send(
    new CompareFacesCommand({
      SourceImage: { Bytes: source },
      TargetImage: { Bytes: target },
      ...(SimilarityThreshold !== undefined && { SimilarityThreshold }),
    }),
  );

describe('CompareFaces', () => {
  it('finds the source person among the people of another photo', async () => {
    const reply = await compare(await portrait('anna'), await samplePhoto(3));
    expect(reply.FaceMatches).toHaveLength(1);
    const [match] = reply.FaceMatches ?? [];
    expect(match?.Similarity).toBeGreaterThanOrEqual(80);
    // Anna sits in the middle of that photo.
    const box = match?.Face?.BoundingBox;
    expect((box?.Left ?? 0) + (box?.Width ?? 0) / 2).toBeCloseTo(0.59, 1);
    expect(reply.UnmatchedFaces).toHaveLength(FACES_IN_SAMPLE[3] - 1);
    expect(reply.SourceImageFace?.Confidence).toBeGreaterThan(90);
  });

  it('returns every face as a match at threshold 0, best first', async () => {
    const { FaceMatches = [], UnmatchedFaces } = await compare(
      await portrait('anna'),
      await samplePhoto(3),
      0,
    );
    const similarities = FaceMatches.map(({ Similarity = 0 }) => Similarity);
    expect(similarities).toHaveLength(FACES_IN_SAMPLE[3]);
    expect(similarities).toEqual(similarities.toSorted((a, b) => b - a));
    expect(UnmatchedFaces).toEqual([]);
  });

  it('gives 100 for the same photo', async () => {
    const photo = await portrait('dora');
    const { FaceMatches } = await compare(photo, photo);
    expect(FaceMatches?.[0]?.Similarity).toBe(100);
  });

  it('refuses a photo without a face on either side', async () => {
    const empty = await sharp({
      create: { width: 200, height: 200, channels: 3, background: '#456' },
    })
      .png()
      .toBuffer();
    const face = await portrait('dora');
    for (const pair of [
      [empty, face],
      [face, empty],
    ] as const) {
      const refused = compare(pair[0], pair[1]);
      await expect(refused).rejects.toBeInstanceOf(InvalidParameterException);
      await expect(refused).rejects.toThrow('Request has invalid parameters');
    }
  });
});
