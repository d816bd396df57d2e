import { describe } from 'vitest';
import { calibrationsContract } from './contract-calibrations.js';
import { changesContract } from './contract-changes.js';
import { collectionsContract } from './contract-collections.js';
import { concurrencyContract } from './contract-concurrency.js';
import { facesContract } from './contract-faces.js';
import { userFacesContract } from './contract-user-faces.js';
import { usersContract } from './contract-users.js';
import { type OpenedStore, useStore } from './samples.js';

/** What every store must do, whatever database is under it. Each test file of a database runs it once. */
export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name} store`, () => {
    const subject = useStore(open);
    describe('collections', () => {
      collectionsContract(subject);
    });
    describe('calibrations', () => {
      calibrationsContract(subject);
    });
    describe('faces', () => {
      facesContract(subject);
    });
    describe('users', () => {
      usersContract(subject);
    });
    describe('faces of a user', () => {
      userFacesContract(subject);
    });
    describe('changes', () => {
      changesContract(subject);
    });
    describe('concurrency', () => {
      concurrencyContract(subject);
    });
  });
}
