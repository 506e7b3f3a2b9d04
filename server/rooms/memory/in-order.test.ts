import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InOrder } from './in-order.ts';

test('however their reads end, all act in the order in which they came, each once, on what it read last', async () => {
  const reads = fc.array(fc.record({ fails: fc.boolean(), actFails: fc.boolean() }), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), reads, async (scheduler, wishes) => {
      const inOrder = new InOrder();
      const acted: number[] = [];
      let version = 0;
      let isUpToDate = true;
      const results = wishes.map(({ fails, actFails }, index) => {
        const read = async () => {
          await scheduler.schedule(Promise.resolve(), `read ${index}`);
          if (fails) throw new Error('read');
          return version;
        };
        const act = async (found: number) => {
          isUpToDate &&= found === version;
          acted.push(index);
          version++;
          if (actFails) throw new Error('act');
          return index;
        };
        return inOrder.run({ read, renew: read, act });
      });
      const settled = Promise.allSettled(results);
      await scheduler.waitFor(settled);
      expect(acted).toEqual(wishes.flatMap(({ fails }, index) => (fails ? [] : [index])));
      expect(isUpToDate).toBe(true);
      expect(inOrder.isIdle).toBe(true);
      const statuses = (await settled).map(({ status }) => status === 'fulfilled');
      expect(statuses).toEqual(wishes.map(({ fails, actFails }) => !fails && !actFails));
    }),
  );
});
