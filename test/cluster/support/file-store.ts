import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningS3, startS3 } from '../../support/s3.ts';
import type { Cluster } from './cluster.ts';
import type { Site } from './site.ts';

/** A store that speaks S3 on the LAN, at none of the sites; their servers bring all files there from their next start on. */
export async function giveStore(cluster: Cluster): Promise<RunningS3> {
  const s3 = await startS3(cluster.folder, { host: cluster.lan.ip(THE_TESTS) });
  const { secretKey, ca: _, ...settings } = s3.settings;
  for (const site of cluster.sites) {
    const files = join(cluster.folder, site.name);
    writeFileSync(join(files, 'tls/s3-secret'), secretKey);
    const configuration = join(files, 'server.yml');
    const before = JSON.parse(readFileSync(configuration, 'utf8')) as object;
    const keys = { ...settings, secretKeyFile: '/etc/farol/tls/s3-secret' };
    writeFileSync(configuration, JSON.stringify({ ...before, s3: keys }));
    await site.must(['sh', '-ec', INSTALL]);
    await site.signal('KILL', 'server');
  }
  return s3;
}

/** The last octet of the machine that the tests run on. */
const THE_TESTS = 1;

/** As at the start of a site. */
const INSTALL = `install -m 0640 -g farol-tls /site/tls/s3-secret /etc/farol/tls/
  install -m 0640 -g farol /site/server.yml /etc/farol/server.yml`;

/** By the database of a site: files that lie in it and in the store, and bytes that are nobody's. */
export async function placesAt(site: Site) {
  const [counted] = await site.sql<{ here: number; there: number; left: number }>(
    `SELECT count(*) FILTER (WHERE object_key IS NULL)::int AS here, count(object_key)::int AS there,
       ((SELECT count(*) FROM media_upload) + (SELECT count(*) FROM media_gone) + (SELECT count(*) FROM media_piece))::int AS left
     FROM media WHERE upload_nid IS NOT NULL`,
  );
  return counted!;
}
