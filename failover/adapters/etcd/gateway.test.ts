import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { certificateAuthority } from '../../../test/support/certificates.ts';
import { Identity } from '../../certificates/identity.ts';
import { Gateway } from './gateway.ts';

test('etcd offers HTTP/2, and is asked by HTTP/1.1 all the same', async () => {
  const authority = await certificateAuthority();
  const { certificate, key } = await authority.issue('etcd', { ip: ['127.0.0.1'] });
  const versions: string[] = [];
  const etcd = createSecureServer(
    { cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true },
    (request, response) => {
      versions.push(request.httpVersion);
      response.end('{}');
    },
  );
  await once(etcd.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void etcd.close());
  const { port } = etcd.address() as AddressInfo;
  const gateway = new Gateway({
    endpoints: [`https://127.0.0.1:${port}`],
    deadlineMs: 2_000,
    identity: new Identity({
      files: { ca: authority.ca, certificate, key },
      onTrouble: (error) => expect.unreachable(String(error)),
    }),
  });
  await gateway.ask('/v3/kv/range', {});
  await gateway.close();
  expect(versions).toEqual(['1.1']);
});
