/** A command for the operator, besides the operations of the API. */
export interface OperatorCommand {
  readonly summary: string;
  readonly usage: string;
  /** Options and whatever else one must know, line by line. */
  readonly details: readonly string[];
  readonly example: string;
  /** The exit code; undefined: 0. */
  readonly run: (args: readonly string[]) => Promise<number | void>;
}

const CONNECTION = [
  '--endpoint-url URL   the service; else AWS_ENDPOINT_URL, else the one on this machine',
  '--profile NAME       profile of the AWS configuration files with keys, region and endpoint',
  '--region NAME        region to sign for',
] as const;

/** All of them. Each is loaded only when it is called; a new one is a file in commands/ and an entry here. */
export const OPERATOR_COMMANDS: Readonly<Record<string, OperatorCommand>> = {
  serve: {
    summary: 'Run the service.',
    usage: 'likeness serve',
    details: ['Settings come from the environment; the README lists them.'],
    example: 'LIKENESS_PORT=8642 LIKENESS_DATA=./likeness-data likeness serve',
    run: async () => (await import('./commands/serve.js')).serve(),
  },
  demo: {
    summary: 'Show the whole job on real photos: faces, users, AssociateFaces, search.',
    usage: 'likeness demo [FOLDER]',
    details: ['FOLDER holds one folder of photos per person; without it, sample photos are used.'],
    example: 'likeness demo ~/photos',
    run: async (args) => (await import('./commands/demo.js')).demo(args),
  },
  keys: {
    summary: 'Make, list, rotate and revoke access keys.',
    usage: 'likeness keys create|list|rotate|revoke …',
    details: ['likeness keys            lists all forms'],
    example: 'likeness keys create ada --administrator',
    run: async (args) => (await import('./commands/keys.js')).keys(args),
  },
  import: {
    summary: 'Bring people into a collection: photos in folders, or listed in a CSV file.',
    usage: 'likeness import FOLDER|FILE.csv --collection-id ID [options]',
    details: [
      'FOLDER               <person>/<photo>.jpg or .png; the folder names become users',
      'FILE.csv             a header with the columns photo and user; paths relative to the file',
      '--parallel N         photos on their way at a time (default 4)',
      '--quality-filter Q   NONE, AUTO, LOW, MEDIUM or HIGH (default AUTO)',
      '--user-match-threshold N   what a face needs to join its user (default 75)',
      '--report FILE        what became of each photo, a JSON line each',
      '                     (default likeness-import-<collection>.jsonl)',
      '--retry              try again what gave no face before',
      ...CONNECTION,
      'Stopped or failed half-way, the same command goes on where it was.',
    ],
    example: 'likeness import ~/photos --collection-id people',
    run: async (args) => (await import('./commands/import.js')).importPeople(args),
  },
  calibrations: {
    summary: 'Say what similarities mean: list, compare, switch and switch back calibrations.',
    usage: 'likeness calibrations list|show|add|diff|use|default|back …',
    details: [
      'list                 all versions, which are used where, what was switched',
      'show VERSION         what its similarities mean, and what that rests on',
      'add FILE             keep a version that `show --json` wrote on another machine',
      'diff VERSION --collection-id ID      what a switch would change for its users',
      'use VERSION --collection-id ID       the same, then asks and switches',
      'back --collection-id ID              undoes its last switch',
      "default VERSION      for new collections and CompareFaces; `shipped`: the model's own",
      '--threshold N        a threshold to look at besides 75, 80 and 90; may be repeated',
      '--as VERSION         another name for what is added',
      '--model ID           where several models have a version of this name',
      '--data DIRECTORY     the data directory (default LIKENESS_DATA, else ./likeness-data)',
      '--yes                switch without asking',
      '--json               for programs',
      'Works while the service runs; a switch counts from the next call on.',
    ],
    example: 'likeness calibrations use door-2026 --collection-id people',
    run: async (args) => (await import('./commands/calibrations.js')).calibrations(args),
  },
  models: {
    summary: 'Add, verify and remove embedding models of your own.',
    usage: 'likeness models list|add|verify|remove …',
    details: [
      'list                 the embedding models at hand',
      'add PATH             an .onnx file, or a folder with a TensorFlow.js graph model',
      'verify [NAME …]      checksums, recorded numbers, embeddings; without a name all that were added',
      'remove NAME          an added model, unless a collection needs it',
      '--licence TEXT       (add) the licence of its weights, such as Apache-2.0',
      '--name NAME          (add) its name here; default: that of the file or folder',
      '--family F           (add) arcface (default), arcface-128, adaface or sface: how pixels are given',
      '--size N             (add) side of its input, and --order RGB|BGR, --mean M, --divisor D,',
      '                     --layout NCHW|NHWC, --input NODE, --output NODE where they differ',
      '--mirror             (add) average each face with its mirror image',
      '--card FILE          (add) a card with whatever else is to be said: docs/models.md',
      '--json               (list) for programs',
      'The directory is LIKENESS_MODEL_DIRECTORY, else models in LIKENESS_DATA.',
    ],
    example: 'likeness models add glintr100.onnx --name auraface --licence Apache-2.0',
    run: async (args) => (await import('./commands/models.js')).models(args),
  },
  collections: {
    summary: 'Move a collection to another embedding model, with its faces and users.',
    usage: 'likeness collections migrate ID --model NAME [options]',
    details: [
      '--model NAME         the model to move to: likeness models list',
      '--photos PATH        the photos again: a folder, known by content or by name, or a CSV file with the',
      '                     columns photo and external_image_id or face_id; may be repeated',
      '--switch             switch when every face has its new embedding; without it only the report',
      '--back               move back to the model before',
      '--cancel             forget the new embeddings',
      '--finish             remove what was kept for the way back',
      '--threshold N        the similarity that the report looks at (default 80)',
      '--report FILE        the whole report as JSON',
      '--data DIRECTORY     the data directory (default LIKENESS_DATA, else ./likeness-data)',
      'The service goes on with the present model until the switch. Have it run both before:',
      'LIKENESS_MODEL=NAME,dlib-resnet. Stopped half-way, the same command goes on.',
    ],
    example: 'likeness collections migrate people --model auraface --photos ~/photos --switch',
    run: async (args) => (await import('./commands/collections.js')).collections(args),
  },
  status: {
    summary: 'Show whether the service answers, and what it holds.',
    usage: 'likeness status [options]',
    details: [...CONNECTION, '--json               for programs'],
    example: 'likeness status --endpoint-url http://10.0.0.5:8642',
    run: async (args) => (await import('./commands/status.js')).status(args),
  },
  backup: {
    summary: 'Copy the data directory to a new folder while the service runs.',
    usage: 'likeness backup FOLDER [--data DIRECTORY]',
    details: [
      '--data DIRECTORY     the data directory (default LIKENESS_DATA, else ./likeness-data)',
      'Every file is one consistent state; all are checked and listed with their checksums.',
    ],
    example: 'likeness backup /backups/likeness-$(date +%F)',
    run: async (args) => (await import('./commands/backup.js')).backup(args),
  },
  restore: {
    summary: 'Put a backup back as a data directory.',
    usage: 'likeness restore FOLDER [--data DIRECTORY]',
    details: [
      '--data DIRECTORY     where to (default LIKENESS_DATA, else ./likeness-data)',
      'The backup is verified first. A directory that exists is never touched.',
    ],
    example: 'likeness restore /backups/likeness-2026-11-26 --data ./likeness-data',
    run: async (args) => (await import('./commands/restore.js')).restore(args),
  },
  thresholds: {
    summary: 'Measure what a threshold means on your own photos, and which one to use.',
    usage:
      'likeness thresholds FOLDER|FILE [options]\n       likeness thresholds compare A.json B.json [--json]',
    details: [
      'FOLDER               <person>/<photo>.jpg or .png, two or more photos of many people',
      'FILE                 CSV of photos (photo,person and columns of groups), of pairs (a,b,same) or of',
      '                     another engine’s scores (score,genuine and, better, a,b: who was compared);',
      '                     JSON lines of scores; bob.measure’s columns; pairs.txt of LFW',
      '--collection-id ID   a collection whose users are the people, read while the service runs',
      '--data DIRECTORY     its data directory (default LIKENESS_DATA, else ./likeness-data)',
      '--genuine FILE --impostor FILE   a score a line, as pyeer has them; --distance: small means alike',
      '--calibration V      a version kept in the data directory (default: shipped, or the collection’s)',
      '--model NAME         one that was added to the data directory (default: the one that comes along)',
      '--target-fmr F       the false match rate to keep (default 1e-4)',
      '--gallery-size N     users that searches will meet (default: as many as there are people)',
      '--groups A,B         columns of the CSV file whose groups are compared with each other',
      '--where COLUMN=VALUE only these rows of the CSV file; may be repeated',
      '--photos DIRECTORY   where the paths of the file begin (default: beside it)',
      '--face F             which of several faces is meant: largest or central (default largest)',
      '--quality-filter Q   leave out photos as IndexFaces would: NONE, AUTO, LOW, MEDIUM, HIGH (default NONE)',
      "--require 'T …'      terms such as fmr<=1e-4 fnmr@80<=0.02 fpir fnir eer auc fte; exit code 2 where",
      '                     one is missed or cannot be told. --at N: rates at this threshold, not the',
      '                     recommended one. --strict: the whole interval must meet the limit',
      '--json FILE, --csv FILE   the whole report; the table. --output json prints the report',
      '--thumbnails         puts small pictures of the worst pairs into the report',
      '--seed N --replicates N   of the bootstrap (default 1, 1000)',
      '--cache DIRECTORY    embeddings by content and model (default ~/.cache/likeness/embeddings)',
      'Stopped by Ctrl-C, the same command goes on where it was.',
    ],
    example: 'likeness thresholds ~/photos --target-fmr 1e-4',
    run: async (args) => (await import('./commands/thresholds.js')).thresholds(args),
  },
  doctor: {
    summary:
      'Check this machine: kernel, models, every runtime, GPU, disk, port, key files; says what to do.',
    usage: 'likeness doctor [--json]',
    details: ['Uses the settings of the service (the environment).'],
    example: 'likeness doctor',
    run: async (args) => (await import('./commands/doctor.js')).doctor(args),
  },
  completion: {
    summary: 'Print completions for a shell.',
    usage: 'likeness completion bash|zsh|fish',
    details: [],
    example: 'likeness completion bash > ~/.local/share/bash-completion/completions/likeness',
    run: async (args) => (await import('./commands/completion.js')).completion(args),
  },
};
