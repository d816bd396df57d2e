import { resolve } from 'node:path';
import { CreateCollectionCommand, RekognitionClient } from '@aws-sdk/client-rekognition';
import { OperatorError } from '../../errors.js';
import { GROUP_PHOTOS_THRESHOLD, showGroupPhotos } from '../demo/group-photos.js';
import { showPeople } from '../demo/people.js';
import { peopleIn, samplePhotos } from '../demo/photos.js';
import { startServiceProcess } from '../demo/service-process.js';
import { DemoSession } from '../demo/session.js';

const COLLECTION = 'demo';

/**
 * The main job from end to end on real photos, through the AWS SDK, against a service of its own that
 * is gone afterwards. Without an argument: the sample photos of a dependency.
 */
export async function demo(args: readonly string[]): Promise<void> {
  const [folder, ...rest] = args;
  if (rest.length > 0) throw new OperatorError('demo takes one folder at most');
  const people = folder === undefined ? undefined : await peopleIn(resolve(folder));
  const photos = await samplePhotos();

  // The SDK would announce here, to people who have not chosen it, when it will leave Node 20.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const service = await startServiceProcess();
  const { endpoint, region, credentials } = service;
  process.stderr.write(`Likeness runs at ${endpoint}\n`);
  const client = new RekognitionClient({ endpoint, region, credentials });
  const interrupted = (): void => void service.stop().then(() => process.exit(130));
  process.once('SIGINT', interrupted);
  try {
    await client.send(new CreateCollectionCommand({ CollectionId: COLLECTION }));
    const report = people
      ? await showPeople(new DemoSession(client, COLLECTION), people)
      : await showGroupPhotos(
          client,
          new DemoSession(client, COLLECTION, GROUP_PHOTOS_THRESHOLD),
          photos,
        );
    process.stdout.write(`\n${report}\n`);
  } finally {
    process.off('SIGINT', interrupted);
    client.destroy();
    await service.stop();
  }
}
