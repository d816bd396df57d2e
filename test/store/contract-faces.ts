import { expect, it } from 'vitest';
import { DIMENSION, newFace, type Subject, storeFaces, takeFree, unitVector } from './samples.js';

export function facesContract(subject: Subject): void {
  it('gives back what was stored, across a restart', async () => {
    const id = await subject.collection();
    const plain = newFace(1);
    const named = newFace(2, { externalImageId: 'photo:1.jpg', confidence: 0 });
    const { value, sequence } = await subject.store.insertFaces(id, [plain, named], 10);
    expect(sequence).toBe(2);
    await subject.reopen();
    const { embedding, createdAtMs: _created, ...face } = plain;
    expect(value[0]).toEqual(face);
    expect(await subject.store.face(id, plain.faceId)).toEqual(face);
    expect(await subject.store.face(id, named.faceId)).toEqual(value[1]);
    expect(value[1]).toMatchObject({ externalImageId: 'photo:1.jpg', confidence: 0 });
    expect(await subject.store.faceEmbedding(id, plain.faceId)).toEqual(embedding);
    expect(await subject.store.collection(id)).toMatchObject({ faceCount: 2 });
  });

  it('counts the crops that are kept, and gives the newest back as it was given', async () => {
    const { store } = subject;
    const before = await store.crops();
    const [one, other] = [await subject.collection(), await subject.collection()];
    const crop = (length: number): Uint8Array => Buffer.alloc(length, length);
    const faces = [newFace(1, { crop: crop(70) }), newFace(2), newFace(3, { crop: crop(5) })];
    await store.insertFaces(one, faces, 10);
    await store.insertFaces(other, [newFace(4, { crop: crop(900) })], 10);
    const gained = async (): Promise<{ crops: number; bytes: number }> => {
      const now = await subject.store.crops();
      return { crops: now.crops - before.crops, bytes: now.bytes - before.bytes };
    };
    expect(await gained()).toEqual({ crops: 3, bytes: 975 });
    expect(await store.newestCrop(one)).toEqual({ faceId: faces[2]!.faceId, crop: crop(5) });
    // The same face once more is not stored, nor is its crop.
    await store.insertFaces(one, [{ ...faces[0]!, crop: crop(8) }], 10);
    await store.deleteFaces(one, [faces[1]!.faceId, faces[2]!.faceId]);
    expect(await gained()).toEqual({ crops: 2, bytes: 970 });
    expect(await store.newestCrop(one)).toEqual({ faceId: faces[0]!.faceId, crop: crop(70) });
    await store.deleteCollection(one);
    await subject.reopen();
    expect(await gained()).toEqual({ crops: 1, bytes: 900 });
    const [empty] = [await subject.collection()];
    expect(await subject.store.newestCrop(empty)).toBeUndefined();
  });

  it('takes an embedding that is a view of a larger buffer', async () => {
    const id = await subject.collection();
    const rows = new Float32Array(3 * DIMENSION);
    rows.set(unitVector(9), DIMENSION);
    const face = newFace(1, { embedding: rows.subarray(DIMENSION, 2 * DIMENSION) });
    await subject.store.insertFaces(id, [face], 10);
    expect(await subject.store.faceEmbedding(id, face.faceId)).toEqual(unitVector(9));
  });

  it.each([
    ['of another dimension', unitVector(1, DIMENSION + 1)],
    ['that is not a number', new Float32Array(DIMENSION).fill(Number.NaN)],
    ['that is infinite', new Float32Array(DIMENSION).fill(Number.POSITIVE_INFINITY)],
    ['that is not of unit length', new Float32Array(DIMENSION).fill(1)],
    ['of zeros', new Float32Array(DIMENSION)],
  ])('refuses an embedding %s, and stores none of the image', async (_, embedding) => {
    const id = await subject.collection();
    const insert = subject.store.insertFaces(id, [newFace(1), newFace(2, { embedding })], 10);
    await expect(insert).rejects.toThrow(/the embedding of face/);
    expect(await subject.store.collection(id)).toMatchObject({ faceCount: 0 });
    expect(await subject.store.changeSequence(id)).toBe(0);
  });

  it('stores a face of the same image, external id and box once', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const first = newFace(1, { externalImageId: 'x' });
    const again = { ...first, faceId: newFace(2).faceId };
    const others = [
      { ...again, faceId: newFace(3).faceId, externalImageId: 'y' },
      { ...again, faceId: newFace(4).faceId, imageId: newFace(4).imageId },
      { ...again, faceId: newFace(5).faceId, box: { ...first.box, left: 0.1 } },
    ];
    const [stored] = (await store.insertFaces(id, [first], 10)).value;
    const repeated = await store.insertFaces(id, [again, ...others, again], 10);
    expect(repeated.value[0]).toEqual(stored);
    expect(repeated.value[4]).toEqual(stored);
    expect(repeated.value.slice(1, 4).map(({ faceId }) => faceId)).toEqual(
      others.map(({ faceId }) => faceId),
    );
    expect(repeated.sequence).toBe(4);
    expect(await store.collection(id)).toMatchObject({ faceCount: 4 });
  });

  it('tells the user of a face that was stored before', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { given, ids } = await storeFaces(store, id, 1);
    await store.createUser(id, 'u', { maxUsers: 1 });
    await store.changeUserFaces(id, { userId: 'u', faceIds: ids }, takeFree);
    const { value } = await store.insertFaces(id, given, 10);
    expect(value[0]).toMatchObject({ faceId: ids[0], userId: 'u' });
  });

  it('refuses a whole image when the collection would be overfull', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { given } = await storeFaces(store, id, 2);
    await expect(store.insertFaces(id, [newFace(7), newFace(8)], 3)).rejects.toMatchObject({
      code: 'ServiceQuotaExceededException',
    });
    expect(await store.collection(id)).toMatchObject({ faceCount: 2 });
    // What is there already does not count again.
    const { value } = await store.insertFaces(id, [...given, newFace(9)], 3);
    expect(value).toHaveLength(3);
  });

  it('deletes faces in the order given, and none that belongs to a user', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { ids } = await storeFaces(store, id, 3);
    const [a, b, c] = ids as [string, string, string];
    await store.createUser(id, 'u', { maxUsers: 1 });
    await store.changeUserFaces(id, { userId: 'u', faceIds: [b] }, takeFree);
    const deletion = await store.deleteFaces(id, ['ghost', c, b, c, a]);
    expect(deletion.value).toEqual({
      deleted: [c, a],
      refused: [
        { faceId: 'ghost', reason: 'FACE_NOT_FOUND' },
        { faceId: b, reason: 'ASSOCIATED_TO_AN_EXISTING_USER', userId: 'u' },
      ],
    });
    expect(deletion.sequence).toBe(6);
    expect(await store.face(id, a)).toBeUndefined();
    expect(await store.faceEmbedding(id, a)).toBeUndefined();
    expect(await store.collection(id)).toMatchObject({ faceCount: 1 });
    const again = await store.deleteFaces(id, [a]);
    expect(again).toEqual({
      value: { deleted: [], refused: [{ faceId: a, reason: 'FACE_NOT_FOUND' }] },
      sequence: 6,
    });
  });

  it('reads faces in the order asked, without the missing', async () => {
    const id = await subject.collection();
    const { ids } = await storeFaces(subject.store, id, 3);
    const [a, , c] = ids as [string, string, string];
    const faces = await subject.store.faces(id, [c, 'ghost', a]);
    expect(faces.map(({ faceId }) => faceId)).toEqual([c, a]);
  });

  it('lists every face once, page by page, while faces come and go', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { ids } = await storeFaces(store, id, 10);
    const first = await store.listFaces(id, { limit: 4 });
    await store.deleteFaces(id, [ids[0]!, ids[3]!, ids[9]!]);
    await store.insertFaces(id, [newFace(70)], 100);
    const { next: after } = first;
    const second = await store.listFaces(id, { limit: 4, ...(after !== undefined && { after }) });
    const third = await store.listFaces(id, {
      limit: 4,
      ...(second.next !== undefined && { after: second.next }),
    });
    const seen = [...first.items, ...second.items, ...third.items].map(({ faceId }) => faceId);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(ids.slice(0, 9)));
    expect(third.next).toBeUndefined();
  });

  it('has no next page after a full last one', async () => {
    const id = await subject.collection();
    await storeFaces(subject.store, id, 4);
    const page = await subject.store.listFaces(id, { limit: 4 });
    expect(page.items).toHaveLength(4);
    expect('next' in page).toBe(false);
  });

  it('lists the faces of a user, of given ids, and of both', async () => {
    const { store } = subject;
    const id = await subject.collection();
    const { ids } = await storeFaces(store, id, 9);
    await store.createUser(id, 'u', { maxUsers: 1 });
    const members = ids.slice(3);
    await store.changeUserFaces(id, { userId: 'u', faceIds: members }, takeFree);
    const list = async (filter: { userId?: string; faceIds?: string[] }): Promise<string[]> => {
      const listed: string[] = [];
      let after: number | undefined = 0;
      while (after !== undefined) {
        const page: Awaited<ReturnType<typeof store.listFaces>> = await store.listFaces(id, {
          limit: 2,
          after,
          ...filter,
        });
        listed.push(...page.items.map(({ faceId }) => faceId));
        after = page.next;
      }
      return listed;
    };
    const unknown = Array.from({ length: 4090 }, (_, index) => `unknown-${index}`);
    expect(await list({ userId: 'u' })).toEqual(members);
    expect(await list({ faceIds: [...unknown, ...ids.slice(0, 5), ids[0]!] })).toEqual(
      ids.slice(0, 5),
    );
    expect(await list({ userId: 'u', faceIds: [...unknown, ...ids.slice(0, 5)] })).toEqual(
      ids.slice(3, 5),
    );
    expect(await list({ userId: 'nobody' })).toEqual([]);
    expect(await list({ faceIds: [] })).toEqual([]);
  });
}
