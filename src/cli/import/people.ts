import type { Service } from '../client/service.js';
import { ServiceError } from '../errors.js';
import { str } from '../python/repr.js';
import { type Dict, isDict, isList, type Value } from '../python/value.js';

/** What became of a photo. */
export interface Outcome {
  readonly status: 'stored' | 'no-face' | 'refused';
  readonly faceId?: string;
  /** Why there is no face, or what the service said. */
  readonly reason?: string;
}

/** What is known of a face that is in the collection already. */
export interface KnownFace {
  readonly faceId: string;
  readonly userId: string | undefined;
}

/** Errors that speak of one photo; every other one ends the import. */
const PHOTO_ERRORS = new Set([
  'ImageTooLargeException',
  'InvalidImageFormatException',
  'InvalidParameterException',
  'ValidationException',
]);
const PAGE = 1000n;
const FACES_A_CALL = 100;

/** The calls an import makes on one collection. */
export class PeopleImport {
  readonly #service: Service;
  readonly #collection: readonly [string, string];
  readonly #options: { qualityFilter: string; threshold: number | undefined };

  constructor(
    service: Service,
    collectionId: string,
    options: { qualityFilter: string; threshold: number | undefined },
  ) {
    this.#service = service;
    this.#collection = ['CollectionId', collectionId];
    this.#options = options;
  }

  /** Makes the collection where it is missing; true if it did. */
  async ensureCollection(): Promise<boolean> {
    return !(await this.#unlessCode('ResourceAlreadyExistsException', () =>
      this.#service.call('CreateCollection', new Map([this.#collection])),
    ));
  }

  /** Every face of the collection by its ExternalImageId. */
  async knownFaces(): Promise<Map<string, KnownFace>> {
    const known = new Map<string, KnownFace>();
    let token: Value = null;
    do {
      const parameters: Dict = new Map<string, Value>([this.#collection, ['MaxResults', PAGE]]);
      if (token !== null) parameters.set('NextToken', token);
      const page: Dict = await this.#service.call('ListFaces', parameters);
      for (const face of listOf(page.get('Faces'))) {
        const name = textOf(face, 'ExternalImageId');
        const faceId = textOf(face, 'FaceId');
        if (name !== undefined && faceId !== undefined)
          known.set(name, { faceId, userId: textOf(face, 'UserId') });
      }
      token = page.get('NextToken') ?? null;
    } while (token !== null);
    return known;
  }

  /** Stores the largest face of a photo under a name. */
  async index(bytes: Uint8Array, externalImageId: string): Promise<Outcome> {
    try {
      const reply = await this.#service.call(
        'IndexFaces',
        new Map<string, Value>([
          this.#collection,
          ['Image', new Map([['Bytes', bytes]])],
          ['ExternalImageId', externalImageId],
          ['MaxFaces', 1n],
          ['QualityFilter', this.#options.qualityFilter],
        ]),
      );
      const [record] = listOf(reply.get('FaceRecords'));
      const face = record?.get('Face');
      const faceId = isDict(face) ? textOf(face, 'FaceId') : undefined;
      if (faceId !== undefined) return { status: 'stored', faceId };
      const reasons = listOf(reply.get('UnindexedFaces')).flatMap((found) => {
        const value = found.get('Reasons');
        return isList(value) ? value.map(str) : [];
      });
      return {
        status: 'no-face',
        reason: [...new Set(reasons)].join(', ') || 'no face was found',
      };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const code = str(error.details.get('Code') ?? '');
      if (!PHOTO_ERRORS.has(code)) throw error;
      return { status: 'refused', reason: `${code}: ${str(error.details.get('Message') ?? '')}` };
    }
  }

  /** Makes the user where it is missing and gives it the faces; the reasons of those it did not get. */
  async associate(userId: string, faceIds: readonly string[]): Promise<Map<string, string>> {
    const refused = new Map<string, string>();
    const user = [this.#collection, ['UserId', userId]] as const;
    await this.#unlessCode('ConflictException', () =>
      this.#service.call('CreateUser', new Map<string, Value>(user)),
    );
    const { threshold } = this.#options;
    for (let start = 0; start < faceIds.length; start += FACES_A_CALL) {
      const reply = await this.#service.call(
        'AssociateFaces',
        new Map<string, Value>([
          ...user,
          ['FaceIds', faceIds.slice(start, start + FACES_A_CALL)],
          ...(threshold === undefined ? [] : [['UserMatchThreshold', threshold] as const]),
        ]),
      );
      for (const face of listOf(reply.get('UnsuccessfulFaceAssociations'))) {
        const reasons = face.get('Reasons');
        refused.set(
          textOf(face, 'FaceId') ?? '',
          isList(reasons) ? reasons.map(str).join(', ') : 'no reason given',
        );
      }
    }
    return refused;
  }

  /** False where the call failed with this code. */
  async #unlessCode(code: string, call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call();
      return false;
    } catch (error) {
      if (error instanceof ServiceError && error.details.get('Code') === code) return true;
      throw error;
    }
  }
}

const listOf = (value: Value | undefined): Dict[] => (isList(value) ? value.filter(isDict) : []);

const textOf = (dict: Dict, name: string): string | undefined => {
  const value = dict.get(name);
  return typeof value === 'string' ? value : undefined;
};
