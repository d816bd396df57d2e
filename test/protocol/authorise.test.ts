import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../src/protocol/policy/parse-policy.js';
import { createCredentials } from '../../src/protocol/sigv4/keys.js';
import { aRequest, dispatchWith, handlersWith, KEY, NOW_MS, send, signed } from './support.js';

const USER = 'arn:aws:iam::000000000000:user/ada';
const PLACE = 'arn:aws:rekognition:us-east-1:000000000000:collection';
const statement = (Effect: string, Action: unknown, Resource: unknown) => ({
  Effect,
  Action,
  Resource,
});

/** A service whose one key has this policy, and the answer to one call. */
async function call(statements: object[], operation: string, body: unknown) {
  const ran: string[] = [];
  const handlers = Object.fromEntries(
    Object.keys(handlersWith()).map((name) => [
      name,
      async () => {
        ran.push(name);
        return {};
      },
    ]),
  );
  const policy = parsePolicy({ Version: '2012-10-17', Statement: statements }, 'policy');
  const dispatch = dispatchWith({
    authentication: {
      credentials: createCredentials([{ ...KEY, principalArn: USER, policy }]),
      regions: [],
    },
    now: () => NOW_MS,
    handlers: handlersWith(handlers),
  });
  const reply = await send(dispatch, signed(aRequest(operation, body)));
  return { ran, status: reply.status, body: JSON.parse(reply.body) as Record<string, unknown> };
}

const ONLY_PEOPLE = [statement('Allow', 'rekognition:*', `${PLACE}/people`)];
const ALL_BUT_SECRET = [
  statement('Allow', 'rekognition:*', '*'),
  statement('Deny', 'rekognition:*', `${PLACE}/secret`),
];
const READER = [statement('Allow', ['rekognition:List*', 'rekognition:Search*'], '*')];
const FACE = '11111111-2222-3333-4444-555555555555';

describe('a principal may do what its policy says', () => {
  it.each<[string, object[], string, unknown]>([
    ['in its collection', ONLY_PEOPLE, 'ListFaces', { CollectionId: 'people' }],
    ['on its tags', ONLY_PEOPLE, 'ListTagsForResource', { ResourceArn: `${PLACE}/people` }],
    [
      'by the short ARN',
      ONLY_PEOPLE,
      'ListTagsForResource',
      { ResourceArn: `${PLACE.slice(4)}/people` },
    ],
    [
      'a new collection of that name',
      ONLY_PEOPLE,
      'CreateCollection',
      { CollectionId: 'people', Tags: { a: 'b' } },
    ],
    ['elsewhere', ALL_BUT_SECRET, 'ListFaces', { CollectionId: 'people' }],
    ['about nothing in particular', ALL_BUT_SECRET, 'ListCollections', {}],
    ['by a pattern', READER, 'SearchFaces', { CollectionId: 'people', FaceId: FACE }],
  ])('%s', async (_, statements, operation, body) => {
    const { ran, status } = await call(statements, operation, body);
    expect([ran, status]).toEqual([[operation], 200]);
  });
});

/** Calls that a policy forbids, in every dress. The last member is what AWS's sentence names. */
const BYPASSES: [
  name: string,
  statements: object[],
  operation: string,
  body: unknown,
  resource: string,
][] = [
  [
    'no policy statement at all for it',
    READER,
    'DeleteFaces',
    { CollectionId: 'people' },
    `${PLACE}/people`,
  ],
  ['another collection', ONLY_PEOPLE, 'ListFaces', { CollectionId: 'secret' }, `${PLACE}/secret`],
  [
    'the same name in capitals',
    ONLY_PEOPLE,
    'ListFaces',
    { CollectionId: 'PEOPLE' },
    `${PLACE}/PEOPLE`,
  ],
  [
    'a look-alike letter',
    ONLY_PEOPLE,
    'ListFaces',
    { CollectionId: 'p\u0435ople' },
    `${PLACE}/p\u0435ople`,
  ],
  [
    'an invisible letter',
    ONLY_PEOPLE,
    'ListFaces',
    { CollectionId: 'people\u200b' },
    `${PLACE}/people\u200b`,
  ],
  [
    'a name with the allowed one as its beginning',
    ONLY_PEOPLE,
    'ListFaces',
    { CollectionId: 'people-2' },
    `${PLACE}/people-2`,
  ],
  ['a wildcard as a name', ONLY_PEOPLE, 'ListFaces', { CollectionId: '*' }, `${PLACE}/*`],
  [
    'a path in a name',
    ONLY_PEOPLE,
    'ListFaces',
    { CollectionId: 'secret/../people' },
    `${PLACE}/secret/../people`,
  ],
  [
    'an escape in a name',
    ONLY_PEOPLE,
    'ListFaces',
    { CollectionId: '%70eople' },
    `${PLACE}/%70eople`,
  ],
  [
    'an allowed collection added to a call that has none',
    ONLY_PEOPLE,
    'ListCollections',
    { CollectionId: 'people' },
    '*',
  ],
  [
    'an allowed collection added to a look at a photo',
    ONLY_PEOPLE,
    'DetectFaces',
    { CollectionId: 'people', Image: { Bytes: 'AAAA' } },
    '*',
  ],
  [
    'an allowed ARN beside a forbidden collection',
    ONLY_PEOPLE,
    'ListFaces',
    { ResourceArn: `${PLACE}/people`, CollectionId: 'secret' },
    `${PLACE}/secret`,
  ],
  [
    'an allowed collection beside a forbidden ARN',
    ONLY_PEOPLE,
    'TagResource',
    { CollectionId: 'people', ResourceArn: `${PLACE}/secret`, Tags: {} },
    `${PLACE}/secret`,
  ],
  [
    'the member in other case',
    ONLY_PEOPLE,
    'ListFaces',
    { collectionId: 'people', CollectionId: 'secret' },
    `${PLACE}/secret`,
  ],
  [
    'the allowed collection first, the other under the same name',
    ONLY_PEOPLE,
    'ListFaces',
    '{"CollectionId":"people","CollectionId":"secret"}',
    `${PLACE}/secret`,
  ],
  [
    'the other one escaped',
    ONLY_PEOPLE,
    'ListFaces',
    '{"CollectionId":"people","\\u0043ollectionId":"secret"}',
    `${PLACE}/secret`,
  ],
  ['an inherited member', ONLY_PEOPLE, 'ListFaces', '{"__proto__":{"CollectionId":"people"}}', '*'],
  ['no collection', ONLY_PEOPLE, 'ListFaces', {}, '*'],
  ['a list of collections', ONLY_PEOPLE, 'ListFaces', { CollectionId: ['people'] }, '*'],
  [
    'a denied collection',
    ALL_BUT_SECRET,
    'ListFaces',
    { CollectionId: 'secret' },
    `${PLACE}/secret`,
  ],
  [
    'tags of a denied collection',
    ALL_BUT_SECRET,
    'UntagResource',
    { ResourceArn: `${PLACE}/secret`, TagKeys: ['a'] },
    `${PLACE}/secret`,
  ],
  [
    'the short ARN of a denied collection',
    ALL_BUT_SECRET,
    'TagResource',
    { ResourceArn: `${PLACE.slice(4)}/secret`, Tags: { a: 'b' } },
    `${PLACE}/secret`,
  ],
  [
    'an operation denied in other case',
    [...READER, statement('Deny', 'REKOGNITION:SEARCH*', '*')],
    'SearchFaces',
    { CollectionId: 'c', FaceId: FACE },
    `${PLACE}/c`,
  ],
];

describe('a call that the policy forbids is refused in AWS’s words', () => {
  it.each(BYPASSES)('%s', async (_, statements, operation, body, resource) => {
    const { ran, status, body: answer } = await call(statements, operation, body);
    expect([ran, status]).toEqual([[], 400]);
    expect(answer).toMatchObject({
      __type: 'AccessDeniedException',
      Code: 'AccessDeniedException',
      Message: `User: ${USER} is not authorized to perform: rekognition:${operation} on resource: ${resource}`,
    });
  });

  it('also where only the tags of a new collection are forbidden', async () => {
    const mayCreate = [statement('Allow', 'rekognition:CreateCollection', '*')];
    const create = (body: object) => call(mayCreate, 'CreateCollection', body);
    expect((await create({ CollectionId: 'c' })).ran).toEqual(['CreateCollection']);
    const { ran, body } = await create({ CollectionId: 'c', Tags: { team: 'x' } });
    expect(ran).toEqual([]);
    expect(body['Message']).toBe(
      `User: ${USER} is not authorized to perform: rekognition:TagResource on resource: ${PLACE}/c`,
    );
  });

  it('before its types and constraints are looked at', async () => {
    const { body } = await call(READER, 'DeleteFaces', { CollectionId: 5, FaceIds: 'x' });
    expect(body['__type']).toBe('AccessDeniedException');
  });
});
