/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-member-access -- plain JavaScript, which node runs as it is */
// Moves a collection between two models, beside a service, until it is killed: there by its embeddings, and back by given ones
// or, with 'nothing' given, by what the service has kept. With 'most' given nothing is carried over, and what cannot be embedded
// is left behind and comes back. A line is printed for each step.
// node move-child.mjs <directory> <collection> <given|nothing|most> [how many switches, default without end]
import { writeSync } from 'node:fs';
import { openBeside } from '../../dist/store/sqlite/beside.js';
import { carried, centroidOf, embeddingOf, SPACES } from './moving-samples.mjs';

const [directory, collectionId, given, switches = 'Infinity'] = process.argv.slice(2);
const say = (text) => writeSync(1, `${text}\n`);
const STAGED_AT_A_TIME = 20;

const beside = openBeside(directory);
for (let done = 0; done < Number(switches); ) {
  const { modelId } = await beside.collection(collectionId);
  const to = SPACES.find((space) => space.modelId !== modelId);
  const over = given !== 'most' && to === SPACES[1] ? carried : undefined;
  const canEmbed = ({ faceId }) => given === 'given' || (given === 'most' && faceId > '3');
  const move = beside.moves.open(collectionId, to, Date.now());
  try {
    say(`open ${to.modelId}`);
    if (over) Array.from(move.carry(over));
    const missing = [...move.missing()].flat().filter(canEmbed);
    for (let at = 0; at < missing.length; at += STAGED_AT_A_TIME) {
      const some = missing.slice(at, at + STAGED_AT_A_TIME);
      move.stage(some.map(({ faceId }) => ({ faceId, embedding: embeddingOf(faceId, to) })));
    }
    say('staged');
    move.switch(centroidOf, Date.now(), { over, withoutMissing: given === 'most' });
    say(`switched ${to.modelId}`);
    done++;
  } catch (error) {
    // A face that came before the service knew of the move. No face lacks one that is carried over, or was kept.
    if (over || given === 'nothing' || !String(error.message).includes('have no new embedding'))
      throw error;
  } finally {
    move.close();
  }
}
beside.close();
