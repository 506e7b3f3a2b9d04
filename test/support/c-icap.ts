import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IcapService } from '../../server/media/scanning/icap.ts';
import { type Daemon, startDaemon, untilNobodyAnswers } from './daemon.ts';
import { freePort } from './free-port.ts';

const PROGRAM = '/usr/bin/c-icap';
const MODULES = folderOfModules();
/** Debian's ICAP server, and its scanner by ClamAV's daemon. */
export const C_ICAP_IS_HERE = existsSync(PROGRAM) && MODULES !== undefined;

export interface RunningIcap extends Daemon {
  readonly service: IcapService;
}

/** Files larger than that are handed back as they are. */
export const ICAP_BYTES_MAX = 1_048_576;

/** c-icap in a folder of its own, which asks a clamd at this socket. */
export async function startIcap(folder: string, clamdSocket: string): Promise<RunningIcap> {
  const at = { host: '127.0.0.1', port: await freePort() };
  mkdirSync(join(folder, 'c-icap'));
  const config = join(folder, 'c-icap.conf');
  writeFileSync(config, configuration(join(folder, 'c-icap'), { ...at, clamdSocket }));
  const daemon = await startDaemon(PROGRAM, ['-N', '-f', config], at);
  return {
    ...{ ...daemon, service: { ...at, service: 'virus_scan' } },
    async kill() {
      await daemon.kill();
      // A child of it listens, which ends once it sees that its parent has.
      await untilNobodyAnswers(at);
    },
  };
}

const configuration = (
  folder: string,
  { host, port, clamdSocket }: { host: string; port: number; clamdSocket: string },
) => `
PidFile ${folder}/pid
CommandsSocket ${folder}/commands
Port ${host}:${port}
StartServers 1
MaxServers 1
ThreadsPerChild 8
TmpDir ${folder}
ModulesDir ${MODULES}
ServicesDir ${MODULES}
TemplateDir /usr/share/c_icap/templates/
TemplateDefaultLanguage en
LoadMagicFile /etc/c-icap/c-icap.magic
ServerLog ${folder}/server.log
AccessLog ${folder}/access.log
Module common clamd_mod.so
clamd_mod.ClamdSocket ${clamdSocket}
Service antivirus_module virus_scan.so
virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE
virus_scan.MaxObjectSize ${ICAP_BYTES_MAX}
virus_scan.DefaultEngine clamd
`;

function folderOfModules(): string | undefined {
  const libraries = '/usr/lib';
  return readdirSync(libraries)
    .map((name) => join(libraries, name, 'c_icap'))
    .find((folder) => existsSync(join(folder, 'virus_scan.so')));
}
