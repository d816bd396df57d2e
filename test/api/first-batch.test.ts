import { CreateCollectionCommand } from '@aws-sdk/client-rekognition';
import { expect, it, onTestFinished } from 'vitest';
import { associate, indexFace, newUser } from '../support/api.js';
import { portrait, portraits } from '../support/photos.js';
import { freshService } from '../support/service.js';

it('with LIKENESS_ASSOCIATION_FIRST_BATCH=consistent makes a first batch agree with itself', async () => {
  const { client, close } = await freshService({
    LIKENESS_ASSOCIATION_FIRST_BATCH: 'consistent',
  });
  onTestFinished(close);
  const CollectionId = 'c';
  await client.send(new CreateCollectionCommand({ CollectionId }));
  const index = (photo: Buffer) => indexFace(client, CollectionId, photo);
  const stranger = await index(await portrait('clara'));
  const bertas = await Promise.all((await portraits('berta', 3)).map(index));
  await newUser(client, CollectionId, 'berta');
  const reply = await associate(client, CollectionId, 'berta', [stranger, ...bertas]);
  expect(reply.AssociatedFaces?.map(({ FaceId }) => FaceId)).toEqual(bertas);
  expect(reply.UnsuccessfulFaceAssociations).toEqual([
    { FaceId: stranger, Confidence: expect.any(Number), Reasons: ['LOW_MATCH_CONFIDENCE'] },
  ]);
  await newUser(client, CollectionId, 'single');
  const single = await associate(client, CollectionId, 'single', [stranger]);
  expect(single.AssociatedFaces).toEqual([{ FaceId: stranger }]);
});
