import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  builtImage,
  docker,
  OWNER_LABEL,
  removed,
  runIn,
  siteImage,
} from '../../cluster/support/engine.ts';

export const SYNAPSE_VERSION = '1.163.2';

export interface Installed {
  readonly image: string;
  /** What a site must see to run Synapse. */
  readonly bind: string;
}

const INSIDE = '/opt/synapse';

/** Synapse from PyPI in a folder that is kept: made by the very image whose Python runs it. */
export async function installSynapse(): Promise<Installed> {
  const image = await builtImage(join(import.meta.dirname, 'image'), 'farol-test-compare', {
    SITE_IMAGE: await siteImage(),
  });
  const folder = join(import.meta.dirname, `../../../.cache/compare/synapse-${SYNAPSE_VERSION}`);
  mkdirSync(folder, { recursive: true });
  const authority = process.env.NODE_EXTRA_CA_CERTS;
  const container = await (await docker()).createContainer({
    Image: image,
    Entrypoint: ['sleep', 'infinity'],
    Labels: { [OWNER_LABEL]: String(process.pid) },
    // A network that looks into TLS has a certificate authority of its own, which this machine trusts.
    Env: authority === undefined ? [] : ['PIP_CERT=/etc/extra-ca.crt'],
    HostConfig: {
      Binds: [
        `${folder}:${INSIDE}`,
        ...(authority === undefined ? [] : [`${authority}:/etc/extra-ca.crt:ro`]),
      ],
    },
  });
  try {
    await container.start();
    const { code, stdout, stderr } = await runIn(container, ['sh', '-ec', INSTALL]);
    if (code !== 0) throw new Error(`Synapse could not be installed: ${stdout}${stderr}`);
  } finally {
    await removed(() => container.remove({ force: true, v: true }));
  }
  return { image, bind: `${folder}:${INSIDE}:ro` };
}

/** The mark comes last, so that an installation that was broken off is begun again. Debian's psycopg2 is used. */
const INSTALL = `
  [ -e ${INSIDE}/complete ] && exit 0
  find ${INSIDE} -mindepth 1 -delete
  python3 -m venv --system-site-packages ${INSIDE}
  ${INSIDE}/bin/pip install --quiet --no-input matrix-synapse==${SYNAPSE_VERSION}
  touch ${INSIDE}/complete`;
