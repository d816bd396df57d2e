import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../src/objects/byte-budget.js';

const signal = (): AbortSignal => new AbortController().signal;

/** Lets everything run that does not wait for anything else. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('a budget of bytes', () => {
  it('makes those wait who find too little, and serves them in their order', async () => {
    const budget = new ByteBudget(10, 5);
    const first = await budget.take(8, signal());
    const served: string[] = [];
    const large = budget.take(9, signal()).then((share) => {
      served.push('large');
      return share;
    });
    // It would fit, but may not overtake: else the large one would wait for ever.
    const small = budget.take(1, signal()).then(() => served.push('small'));
    await settle();
    expect(served).toEqual([]);
    first.shrink(2);
    await settle();
    expect(served).toEqual([]);
    first.release();
    await large;
    await small;
    expect(served).toEqual(['large', 'small']);
  });

  it('gives back each byte once', async () => {
    const budget = new ByteBudget(10, 5);
    const share = await budget.take(10, signal());
    share.shrink(4);
    share.shrink(7);
    share.release();
    share.release();
    await budget.take(10, signal());
    let served = false;
    void budget.take(1, signal()).then(() => {
      served = true;
    });
    await settle();
    expect(served).toBe(false);
  });

  it('refuses when too many wait', async () => {
    const budget = new ByteBudget(1, 1);
    await budget.take(1, signal());
    void budget.take(1, signal());
    await expect(budget.take(1, signal())).rejects.toMatchObject({
      code: 'ProvisionedThroughputExceededException',
    });
  });

  it('forgets a waiting caller who goes away, and serves who stood behind', async () => {
    const budget = new ByteBudget(10, 5);
    await budget.take(6, signal());
    const caller = new AbortController();
    const leaving = budget.take(9, caller.signal);
    const behind = budget.take(4, signal());
    caller.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    await behind;
    await expect(budget.take(1, AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
  });
});
