import type { Calibration } from '../../domain/calibration.js';
import { serveWorker } from '../../worker-rpc.js';
import type { CalibrationSwitch } from '../calibrations.js';
import type { NewCollection } from '../store.js';
import type { DeleteTags, PutTags } from './write-catalog.js';
import type { DeleteFaces, InsertFaces } from './write-faces.js';
import type { ChangeUserFaces, CreateUser, DeleteUser } from './write-users.js';
import { type Addressed, type StartReport, WriterCore, type WriterOptions } from './writer-core.js';

let core: WriterCore | undefined;

function writer(): WriterCore {
  if (!core) throw new Error('the writer is not open');
  return core;
}

const methods = {
  open(options: WriterOptions): StartReport {
    core = new WriterCore(options);
    return core.tidy();
  },
  createCollection: (collection: NewCollection) => writer().createCollection(collection),
  deleteCollection: (collectionId: string) => writer().deleteCollection(collectionId),
  putTags: (request: PutTags) => writer().putTags(request),
  deleteTags: (request: DeleteTags) => writer().deleteTags(request),
  makeSecret: (name: string) => writer().makeSecret(name),
  addCalibration: (calibration: Calibration) => writer().addCalibration(calibration),
  switchCalibration: (change: CalibrationSwitch) => writer().switchCalibration(change),
  probe: () => writer().probe(),
  insertFaces: (request: Addressed<InsertFaces>) => writer().insertFaces(request),
  deleteFaces: (request: Addressed<DeleteFaces>) => writer().deleteFaces(request),
  createUser: (request: Addressed<CreateUser>) => writer().createUser(request),
  deleteUser: (request: Addressed<DeleteUser>) => writer().deleteUser(request),
  changeUserFaces: (request: Addressed<ChangeUserFaces>) => writer().changeUserFaces(request),
  close(): void {
    core?.close();
    core = undefined;
  },
};

/** What the writer thread offers to the main thread. */
export type WriterMethods = typeof methods;

serveWorker(methods);
