import { OPERATION_VERBS, operationCommand } from '../../../src/cli/arguments/options.js';
import type { ScriptedReply } from '../recorded/cases.js';
import type { Trial } from './trial.js';

type Words = readonly string[];
interface Shown {
  readonly line: Words;
  readonly replies?: readonly unknown[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

const FORMATS = ['json', 'text', 'table', 'yaml', 'yaml-stream'] as const;
const COLLECTION = ['--collection-id', 'people'] as const;

const BOX = { Width: 0.25, Height: 1, Left: -0.5, Top: 1e-7 };
const LANDMARKS = [
  { Type: 'eyeLeft', X: 0.5, Y: 0.25 },
  { Type: 'nose', X: 1, Y: 0 },
];
const DETAIL = {
  BoundingBox: BOX,
  AgeRange: { Low: 3, High: 40 },
  Smile: { Value: false, Confidence: 99.123456789 },
  Emotions: [
    { Type: 'CALM', Confidence: 80 },
    { Type: 'HAPPY', Confidence: 1e-5 },
  ],
  Landmarks: LANDMARKS,
  Pose: { Roll: -1.5, Yaw: 0, Pitch: 12 },
  Quality: { Brightness: 50, Sharpness: 92.25 },
  Confidence: 99.9,
};
const FACE = {
  FaceId: 'f-1',
  BoundingBox: BOX,
  ImageId: 'i-1',
  ExternalImageId: 'ada 1.jpg',
  Confidence: 99.9,
};

/** A reply for each kind of nesting there is, with the line that asks for it. */
const NESTED: Readonly<Record<string, Shown>> = {
  'faces of a photo': {
    line: ['index-faces', ...COLLECTION, '--image-bytes', 'aGVsbG8='],
    replies: [
      {
        FaceRecords: [
          { Face: FACE, FaceDetail: DETAIL },
          { Face: { ...FACE, FaceId: 'f-2', UserId: 'ada' }, FaceDetail: { BoundingBox: BOX } },
        ],
        OrientationCorrection: 'ROTATE_0',
        FaceModelVersion: '7.0',
        UnindexedFaces: [{ Reasons: ['LOW_CONFIDENCE', 'EXTREME_POSE'], FaceDetail: DETAIL }],
      },
    ],
  },
  'compared faces': {
    line: ['compare-faces', '--source-image-bytes', 'aGVsbG8=', '--target-image-bytes', 'aGVsbG8='],
    replies: [
      {
        SourceImageFace: { BoundingBox: BOX, Confidence: 100 },
        FaceMatches: [{ Similarity: 99.5, Face: { BoundingBox: BOX, Landmarks: LANDMARKS } }],
        UnmatchedFaces: [{ Landmarks: LANDMARKS.slice(0, 1) }, { Confidence: 1 }],
        SourceImageOrientationCorrection: 'ROTATE_90',
      },
    ],
  },
  'matches of users': {
    line: ['search-users', ...COLLECTION, '--user-id', 'ada'],
    replies: [
      {
        UserMatches: [
          { Similarity: 99.99999, User: { UserId: 'bob', UserStatus: 'ACTIVE' } },
          { Similarity: 80, User: { UserId: 'c' } },
        ],
        SearchedUser: { UserId: 'ada' },
        FaceModelVersion: '7.0',
      },
    ],
  },
  'a map': {
    line: ['list-tags-for-resource', '--resource-arn', 'arn:aws:rekognition:x:1:collection/p'],
    replies: [{ Tags: { b: 'two', a: '', 'c d': 'null', é: '1' } }],
  },
  'a time': {
    line: ['describe-collection', ...COLLECTION],
    replies: [
      { CreationTimestamp: 1533422155.042, FaceCount: 0, UserCount: 12, FaceModelVersion: '7' },
    ],
  },
  'empty lists': {
    line: ['search-faces', ...COLLECTION, '--face-id', 'f'],
    replies: [{ FaceMatches: [], SearchedFaceId: 'f' }],
  },
};

const WIDTHS = [
  'Ａｄａ',
  '한국어',
  'e\u0301le\u0300ve',
  '👩\u200d👩\u200d👧 family',
  '🇩🇪 flag',
  'שלום עולם',
  '±×÷°',
  'a\u200bb',
  '\ud83d\ude00'.repeat(12),
  'ﬁ ligature ｶﾅ',
] as const;

const LONG = 'a word and another one, '.repeat(9).trim();

const QUERIES = [
  'FaceRecords[].Face.FaceId',
  'FaceRecords[*].[Face.FaceId, Face.Confidence]',
  'FaceRecords[].{id: Face.FaceId, emotions: FaceDetail.Emotions[].Type}',
  'FaceRecords[?Face.UserId==`ada`].Face.FaceId | [0]',
  'FaceRecords[?contains(Face.ExternalImageId, `ada`)].Face.BoundingBox.*',
  'length(FaceRecords)',
  'sort_by(FaceRecords, &Face.FaceId)[-1].Face',
  'max_by(FaceRecords[].Face, &Confidence).FaceId',
  "join(', ', FaceRecords[].Face.FaceId)",
  'FaceRecords[0].FaceDetail.Emotions[?Confidence > `1`].Type',
  'to_string(FaceRecords[0].Face.BoundingBox)',
  'merge(FaceRecords[0].Face, {a: `1`})',
  'map(&FaceId, FaceRecords[].Face)',
  'sum(FaceRecords[0].FaceDetail.Emotions[].Confidence)',
  'avg(FaceRecords[].Face.Confidence)',
  'FaceRecords[].FaceDetail.Landmarks[].[Type, X]',
  'FaceRecords[0:1].Face.nope',
  'FaceRecords[].Face.[FaceId, nope]',
  '[FaceModelVersion, `null`, `true`, `1.50`]',
  '{a: FaceModelVersion, b: `[]`, c: `{}`, d: `[[1], [2, 3]]`}',
  'UnindexedFaces[].Reasons[]',
  'UnindexedFaces[].Reasons | [*][0]',
  'keys(FaceRecords[0].Face)',
  'values(FaceRecords[0].Face.BoundingBox)',
  'ceil(FaceRecords[0].Face.Confidence)',
  'not_null(nope, FaceModelVersion)',
  'reverse(FaceModelVersion)',
  'type(FaceRecords)',
  'starts_with(FaceModelVersion, `7`)',
  '"FaceModelVersion"',
  'FaceRecords[].Face.Confidence | sort(@) | [::-1]',
  '@',
  '!FaceRecords',
  'FaceRecords && UnindexedFaces[0].Reasons',
  'sort_by(FaceRecords, &Face.UserId)',
  'abs(FaceModelVersion)',
] as const;

const page = (names: Words, token?: string): unknown => ({
  Faces: names.map((name, i) => ({ FaceId: name, Confidence: 90 + i })),
  FaceModelVersion: '7.0',
  ...(token !== undefined && { NextToken: token }),
});
const PAGES = [page(['a', 'b', 'c'], 't1'), page(['d', 'e'], 't2'), page([], 't3'), page(['f'])];
const tokenOf = (value: unknown): string =>
  Buffer.from(JSON.stringify(value).replaceAll(/[:,](?=[^ ])/g, '$& ')).toString('base64');

const PAGING: Words[] = [
  [],
  ['--max-items', '1'],
  ['--max-items', '3'],
  ['--max-items', '4'],
  ['--max-items', '6'],
  ['--max-items', '100'],
  ['--page-size', '3'],
  ['--page-size', '3', '--max-items', '5'],
  ['--starting-token', 't1'],
  ['--starting-token', tokenOf({ NextToken: 't1', boto_truncate_amount: 1 })],
  ['--starting-token', tokenOf({ NextToken: null, boto_truncate_amount: 2 }), '--max-items', '2'],
  ['--max-items', '4', '--query', 'Faces[].FaceId'],
  ['--query', 'length(Faces)'],
  ['--no-paginate'],
  ['--max-results', '3'],
  ['--next-token', 't1'],
];

const INPUTS: Readonly<Record<string, string>> = {
  plain: 'CollectionId: people\nFaceIds:\n  - a\n  - b\nUserId: ada\n',
  flow: '{CollectionId: people, FaceIds: [a, b], UserId: ada}',
  'with comments': '# c\nCollectionId: people # c\nFaceIds: [a]\nUserId: "a # b"\n',
  'with anchors': 'CollectionId: &c people\nUserId: *c\nFaceIds: [*c]\n',
  'with block texts': 'CollectionId: |\n  people\n  more\nUserId: >-\n  a\n  b\nFaceIds: [a]\n',
  'with numbers as texts': 'CollectionId: 12\nUserId: 1.5\nFaceIds: [0x1F, 1e3]\n',
  'with words of YAML 1.1': 'CollectionId: yes\nUserId: off\nFaceIds: [on, no, y]\n',
  'with null': 'CollectionId: ~\nUserId: null\nFaceIds:\n',
  'of two documents': 'CollectionId: a\n---\nCollectionId: b\n',
  'with a key twice': 'CollectionId: a\nCollectionId: b\nUserId: u\nFaceIds: [f]\n',
  'that is a list': '- a\n- b\n',
  'that is a text': 'people',
  'that is empty': '',
  'with bytes': 'CollectionId: people\nUserId: !!binary aGVsbG8=\nFaceIds: [f]\n',
  'with a tag nobody knows': 'CollectionId: !x people\nUserId: u\nFaceIds: [f]\n',
  'with a threshold': 'CollectionId: c\nUserId: u\nFaceIds: [f]\nUserMatchThreshold: 80\n',
  'with a threshold as text':
    'CollectionId: c\nUserId: u\nFaceIds: [f]\nUserMatchThreshold: "80"\n',
  'with an unknown member': 'CollectionId: c\nUserId: u\nFaceIds: [f]\nZed: 1\n',
  'with escapes': 'CollectionId: "a\\tb\\u00e9"\nUserId: \'it\'\'s\'\nFaceIds: ["\\x41"]\n',
  'with bad indentation': 'CollectionId: a\n  UserId: b\n',
  'with a merge': 'x: &x {UserId: u}\n<<: *x\nCollectionId: c\nFaceIds: [f]\n',
};

const config = (text: string): Pick<Shown, 'env' | 'files'> => ({
  env: { AWS_CONFIG_FILE: '${FILES}/shown-config' },
  files: { 'shown-config': `[default]\nregion = us-east-1\n${text}\n` },
});
const TIME = NESTED['a time'] as Shown;

const SURROUNDINGS: Readonly<Record<string, Shown>> = {
  'output text': { ...TIME, env: { AWS_DEFAULT_OUTPUT: 'text' } },
  'output yaml-stream': { ...TIME, env: { AWS_DEFAULT_OUTPUT: 'yaml-stream' } },
  'output in capitals': { ...TIME, env: { AWS_DEFAULT_OUTPUT: 'JSON' } },
  'an empty output': { ...TIME, env: { AWS_DEFAULT_OUTPUT: '' } },
  'a pager, for what is no terminal': { ...TIME, env: { AWS_PAGER: 'false' } },
  'no pager': { ...TIME, env: { AWS_PAGER: '' } },
  'an encoding of files': {
    line: ['create-user', '--collection-id', 'file://latin.txt', '--user-id', 'u'],
    replies: [{}],
    env: { AWS_CLI_FILE_ENCODING: 'iso-8859-1' },
    files: { 'latin.txt': 'né' },
  },
  'an encoding of files that is UTF-8': {
    line: ['create-user', '--collection-id', 'file://latin.txt', '--user-id', 'u'],
    replies: [{}],
    env: { AWS_CLI_FILE_ENCODING: 'UTF-8' },
    files: { 'latin.txt': 'né' },
  },
  'an encoding of files that is none': {
    line: ['create-user', '--collection-id', 'file://latin.txt', '--user-id', 'u'],
    replies: [{}],
    env: { AWS_CLI_FILE_ENCODING: 'nope' },
    files: { 'latin.txt': 'né' },
  },
  'history on': { ...TIME, ...config('cli_history = enabled') },
  'times of the wire': { ...TIME, ...config('cli_timestamp_format = wire') },
  'times in ISO 8601': { ...TIME, ...config('cli_timestamp_format = iso8601') },
  'URLs that are followed': {
    line: ['create-user', '--collection-id', 'http://127.0.0.1:1/x', '--user-id', 'u'],
    replies: [{}],
    ...config('cli_follow_urlparam = true'),
  },
  'URLs that are texts': {
    line: ['create-user', '--collection-id', 'https://127.0.0.1:1/x', '--user-id', 'u'],
    replies: [{}],
  },
  'a pager of the profile': { ...TIME, ...config('cli_pager = false') },
  'raw bytes of the profile': {
    line: ['detect-faces', '--image', 'Bytes=hello'],
    replies: [{}],
    ...config('cli_binary_format = raw-in-base64-out'),
  },
  'an output of the profile': { ...TIME, ...config('output = table') },
  'FIPS endpoints': { ...TIME, env: { AWS_USE_FIPS_ENDPOINT: 'true' } },
  'dual stack endpoints': { ...TIME, env: { AWS_USE_DUALSTACK_ENDPOINT: 'true' } },
  'compression settings': { ...TIME, env: { AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES: 'x' } },
  'a name of the caller': { ...TIME, env: { AWS_EXECUTION_ENV: 'x' } },
  'a throttled call without retries': {
    line: ['list-collections'],
    env: { AWS_MAX_ATTEMPTS: '1' },
  },
  'an empty text option': { line: ['create-user', '--collection-id', '', '--user-id', ''] },
  'no option at all': { line: ['associate-faces'] },
  'help of what is no command': { line: ['nope', 'help'] },
  'a word behind the command': { line: ['list-collections', 'extra'] },
  'two words behind the command': { line: ['list-collections', 'extra', 'more'] },
  'options only': { line: ['--output', 'text'] },
  'a long text in a table': {
    line: ['list-collections', '--output', 'table'],
    replies: [{ CollectionIds: [LONG, 'b'], FaceModelVersions: ['1', '2'] }],
  },
  'a long text in YAML': {
    line: ['list-collections', '--output', 'yaml'],
    replies: [{ CollectionIds: [LONG, `${LONG}: x`, `${LONG}\n${LONG}`], FaceModelVersions: [] }],
  },
};

function* trials(): Generator<readonly [string, Shown]> {
  for (const [name, shown] of Object.entries(NESTED))
    for (const format of FORMATS)
      yield [`${name} as ${format}`, { ...shown, line: [...shown.line, '--output', format] }];
  for (const format of ['table', 'yaml', 'text'])
    yield [
      `widths in ${format}`,
      {
        line: ['list-users', ...COLLECTION, '--output', format],
        replies: [{ Users: WIDTHS.map((UserId) => ({ UserId, UserStatus: 'ACTIVE' })) }],
      },
    ];
  const faces = NESTED['faces of a photo'] as Shown;
  for (const [index, query] of QUERIES.entries()) {
    const format = FORMATS[index % FORMATS.length] ?? 'json';
    const line = [...faces.line, '--query', query, '--output', format];
    yield [`${query} as ${format}`, { ...faces, line }];
  }
  for (const [name, text] of Object.entries(INPUTS))
    yield [
      `YAML ${name}`,
      {
        line: ['associate-faces', '--cli-input-yaml', 'file://shown.yaml'],
        replies: [{}],
        files: { 'shown.yaml': text },
      },
    ];
  for (const [index, options] of PAGING.entries())
    for (const format of [FORMATS[index % FORMATS.length] ?? 'json', 'text'])
      yield [
        `pages ${options.join(' ')} as ${format}`,
        { line: ['list-faces', ...COLLECTION, ...options, '--output', format], replies: PAGES },
      ];
  yield* Object.entries(SURROUNDINGS);
  for (const [verb, name] of OPERATION_VERBS)
    for (const kind of ['input', 'yaml-input', 'output'])
      yield [
        `skeleton ${kind} of ${verb}`,
        { line: [verb, ...requiredOf(name), '--generate-cli-skeleton', kind] },
      ];
}

const requiredOf = (name: Parameters<typeof operationCommand>[0]): string[] =>
  operationCommand(name).options.flatMap(({ argument }) =>
    argument.required
      ? [argument.name, argument.name === '--tags' ? 'a=b' : 'some-value']
      : argument.name.endsWith('image-bytes')
        ? [argument.name, 'aGVsbG8=']
        : [],
  );

/** Commands around what is shown: formats, queries, pages, skeletons, and settings that change them. */
export const SHOWN: readonly Trial[] = [...trials()].map(
  ([name, { line, replies = [{}], env = {}, files = {} }]) => ({
    name,
    argv: ['aws', 'rekognition', ...line, '--endpoint-url', '${HTTP}'],
    env: { AWS_MAX_ATTEMPTS: '1', ...env },
    responses: replies.map((json): ScriptedReply => ({ body: JSON.stringify(json) })),
    files,
  }),
);
