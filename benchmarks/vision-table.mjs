// The vision benchmark's results as tables for people, and against what the project promises.
/** The default: with mirror, by whichever runtime was measured. */
const ours = (of) =>
  of('accuracy', 'likeness onnxruntime, mirror') ?? of('accuracy', 'likeness tfjs-wasm, mirror');

const TARGETS = [
  [
    'faces a second and core, WASM',
    14,
    (of) => of('speed', 'likeness tfjs-wasm')?.facesPerCpuSecond,
  ],
  ['the same with mirror', 9, (of) => of('speed', 'likeness tfjs-wasm, mirror')?.facesPerCpuSecond],
  [
    'ONNX Runtime beside WASM',
    2.3,
    (of) =>
      ratio(
        of('speed', 'likeness onnxruntime'),
        of('speed', 'likeness tfjs-wasm'),
        'facesPerCpuSecond',
      ),
  ],
  [
    'WASM beside human',
    1.5,
    (of) => ratio(of('speed', 'likeness tfjs-wasm'), of('speed', 'human'), 'facesPerCpuSecond'),
  ],
  [
    "human's errors beside ours",
    4,
    (of) => ratio(of('accuracy', 'human'), ours(of), 'wrongOf1000'),
  ],
  ['two cores beside one', 1.9, (of) => of('cores', 'likeness tfjs-wasm')?.timesOneCore],
  ['LFW pairs, %', 99.2, (of) => ours(of)?.accuracyPercent],
  ['TAR at FMR 1e-3, %', 95, percentOf('TAR at FMR 1e-3')],
  ['TAR at FMR 1e-4, %', 84, percentOf('TAR at FMR 1e-4')],
  ['a user of three photos, 1e-3, %', 99.5, percentOf('users of three photos, TAR at FMR 1e-3')],
  ['a user of three photos, 1e-4, %', 95, percentOf('users of three photos, TAR at FMR 1e-4')],
  ['photos of nobody without a face, %', 98, percentOf('photos of nobody without a face')],
];
const CEILINGS = [
  ['24 megapixels, ms', 1500, (of) => of('group', 'likeness tfjs-wasm')?.wallMs],
  ['first answer, ms', 2000, (of) => of('start', 'likeness tfjs-wasm')?.firstAnswerMs],
  ['photos of a person without a face, %', 0.1, percentOf('photos of a person without a face')],
  ['memory of a worker, MB', 250, (of) => of('start', 'likeness tfjs-wasm')?.workerMb],
];

/** A share that the labelled photos gave. */
function percentOf(name) {
  return (of) => {
    const value = of('labelled', name)?.value;
    return value === undefined ? undefined : 100 * value;
  };
}

const ratio = (a, b, key) => (a?.[key] && b?.[key] ? a[key] / b[key] : undefined);

export function table(parts) {
  for (const [part, { rows, date: _date, ...rest }] of Object.entries(parts)) {
    console.log(`\n${part}: ${JSON.stringify(rest)}`);
    if (rows) console.table(Object.fromEntries(rows.map(({ subject, ...row }) => [subject, row])));
  }
  const of = (part, subject) => parts[part]?.rows?.find((row) => row.subject === subject);
  const judge = (targets, word, isReached) =>
    targets.map(([name, target, read]) => {
      const value = read(of);
      const verdict = value === undefined ? '–' : isReached(value, target) ? 'reached' : 'missed';
      return [
        name,
        { result: value && Number(value.toFixed(2)), target: `${word} ${target}`, verdict },
      ];
    });
  console.log('');
  console.table(
    Object.fromEntries([
      ...judge(TARGETS, '≥', (value, target) => value >= target),
      ...judge(CEILINGS, '≤', (value, target) => value <= target),
    ]),
  );
}
