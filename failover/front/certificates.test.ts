import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { certificateAuthority } from '../../test/support/certificates.ts';
import { readCertificate, reloadOnChange } from './certificates.ts';

test('a renewed certificate is taken up without a restart', async () => {
  const authority = await certificateAuthority();
  const first = await authority.issue('first', { dns: ['farol.test'] });
  const renewed = await authority.issue('renewed', { dns: ['farol.test'] });
  const files = { certificate: join(authority.folder, 'c'), key: join(authority.folder, 'k') };
  const install = async (issued: typeof first) => {
    await copyFile(issued.key, files.key);
    await copyFile(issued.certificate, files.certificate);
  };
  await install(first);
  const setSecureContext = vi.fn();
  const trouble = vi.fn();
  const inUse = await readCertificate(files);
  const stop = reloadOnChange({ setSecureContext }, files, inUse, trouble, 5);
  try {
    await install(renewed);
    await vi.waitFor(() => expect(setSecureContext).toHaveBeenCalled());
    expect(trouble).not.toHaveBeenCalled();
  } finally {
    stop();
  }
});
