import { createStage, type ScenarioOptions } from './stage.js';
import { collectionSteps, endSteps, tagSteps } from './steps-collections.js';
import { faceSteps, searchSteps, userSteps } from './steps-faces.js';

/**
 * The life of one collection, through one client: every operation with a reply that is looked at, and
 * with the errors a caller can bring about. The tests follow on each other.
 */
export function clientScenario(options: ScenarioOptions): void {
  const stage = createStage(options);
  collectionSteps(stage);
  faceSteps(stage);
  userSteps(stage);
  searchSteps(stage);
  tagSteps(stage);
  endSteps(stage);
}
