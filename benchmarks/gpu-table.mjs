// The GPU benchmark's answers as tables for people.

/** @param answers by the name of their question. */
export function table(answers) {
  const of = (question) =>
    Object.entries(answers)
      .filter(([name, { error, leftOut }]) => name.startsWith(`${question} `) && !error && !leftOut)
      .map(([name, answer]) => [name.slice(question.length + 1), answer]);
  const { gpu, twoCores, twoThreads } = answers.machine ?? {};
  console.log(`\n${gpu ?? 'no NVIDIA card'}; cores ${twoCores}, threads of one core ${twoThreads}`);
  show('one core beside two', rows(of('cores')));
  show('one thread of a core beside both', rows(of('threads')));
  show(
    'faces a second by workers',
    by(of('workers'), ({ rows: found }) =>
      found.map(({ workers, facesPerSecond, timesOne }) => [
        workers,
        `${facesPerSecond} (${timesOne} ×)`,
      ]),
    ),
  );
  show(
    'from JPEG to embedding, faces a second by clients',
    by(of('pipeline'), (answer) => [
      ...answer.loads.map(({ clients, facesPerSecond }) => [clients, facesPerSecond]),
      ['p50 at half, ms', answer.half.p50Ms],
      ['p95 at half, ms', answer.half.p95Ms],
      ['memory, MB', answer.memory.megabytes],
      ['of the GPU, MB', answer.memory.gpuMb],
    ]),
  );
  for (const [runtime, { nets, device }] of of('nets'))
    show(
      `nets alone, images a second by batch: ${runtime} on ${device}`,
      by(Object.entries(nets), (sizes) =>
        Object.entries(sizes).map(([batch, { imagesPerSecond }]) => [
          `of ${batch}`,
          imagesPerSecond,
        ]),
      ),
    );
  show('embeddings beside those of WebAssembly', Object.fromEntries(of('embeddings').map(figures)));
  show('all processes killed', Object.fromEntries(of('death').map(figures)));
  for (const [name, { error, leftOut }] of Object.entries(answers))
    if (error ?? leftOut) console.log(`${name}: ${error ?? leftOut}`);
}

const rows = (found) =>
  Object.fromEntries(
    found.flatMap(([, answer]) =>
      (answer.rows ?? []).map(({ subject, ...row }) => [
        subject,
        { ...row, range: row.range.join(' – ') },
      ]),
    ),
  );

const by = (found, columns) =>
  Object.fromEntries(found.map(([name, answer]) => [name, Object.fromEntries(columns(answer))]));

const figures = ([name, { date: _date, seconds: _seconds, ...row }]) => [name, row];

function show(title, data) {
  if (Object.keys(data).length === 0) return;
  console.log(`\n${title}`);
  console.table(data);
}
