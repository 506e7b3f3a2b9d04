import { parseArgs } from 'node:util';
import { keyNames } from '../core/etcd/names.ts';
import { askToBePromoted } from './ask.ts';
import { readCopy } from './copy.ts';
import { Etcd } from './etcd.ts';
import { passOver, tidy } from './passed-over.ts';

/**
 * Patroni's `pre_promote`: ends with 0 if PostgreSQL here may be promoted, and makes sure that it takes the number
 * that it was given. As `tidy`, before Patroni starts, it takes away what a promotion that was cut off left.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    cluster: { type: 'string', default: '' },
    scope: { type: 'string' },
    site: { type: 'string', default: '' },
    etcd: { type: 'string', default: '' },
    tls: { type: 'string' },
    data: { type: 'string', default: '' },
    bin: { type: 'string', default: '' },
  },
});

/** Patroni's key lasts 20 s, and is prolonged meanwhile: an election of etcd's and a slow machine fit in. */
const WITHIN_MS = 5_000;

if (positionals[0] === 'tidy') await tidy(values.data);
else process.exitCode = (await mayBePromoted()) ? 0 : 1;

async function mayBePromoted(): Promise<boolean> {
  const { cluster, scope, site, etcd, tls, data, bin } = values;
  const verdict = await askToBePromoted({
    names: keyNames(cluster, scope ?? cluster),
    site,
    etcd: new Etcd(etcd, tls),
    copy: () => readCopy({ dataDir: data, binDir: bin }),
    withinMs: WITHIN_MS,
  });
  if (verdict.refused !== null) {
    console.error(`Farol does not let ${site} be promoted: ${verdict.refused}.`);
    return false;
  }
  await passOver(data, verdict.next, verdict.timeline);
  console.error(`Farol lets ${site} be promoted, to timeline ${verdict.timeline}.`);
  return true;
}
