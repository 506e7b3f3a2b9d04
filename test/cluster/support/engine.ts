import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerRuntimeClient, getContainerRuntimeClient, ImageName } from 'testcontainers';
import { until } from './until.ts';

// The helper that testcontainers removes its containers with cannot be pulled everywhere; ours go by label.
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';

export type Docker = ContainerRuntimeClient['container']['dockerode'];
export type Container = ReturnType<Docker['getContainer']>;

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Everything of a test cluster carries this label; its value is the process that owns it. */
export const OWNER_LABEL = 'org.farol.test.owner';

const imageFolder = join(import.meta.dirname, '..', 'image');
let client: Promise<ContainerRuntimeClient> | undefined;

export async function docker(): Promise<Docker> {
  client ??= getContainerRuntimeClient();
  return (await client).container.dockerode;
}

export const siteImage = (): Promise<string> => builtImage(imageFolder, 'farol-test-site');

/** Made from the Dockerfile of a folder when that has changed or there is no such image. */
export async function builtImage(
  folder: string,
  repository: string,
  buildargs: Record<string, string> = {},
): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(join(folder, 'Dockerfile')));
  for (const value of Object.values(buildargs)) hash.update(value);
  const name = `${repository}:${hash.digest('hex').slice(0, 12)}`;
  await docker();
  const { image } = await client!;
  // Its packages come over a network; and who builds it does not say that it failed.
  for (let tries = 0; !(await image.exists(ImageName.fromString(name))); tries++) {
    if (tries === BUILDS_MAX) throw new Error(`${name} could not be built of ${folder}/Dockerfile`);
    await image.build(folder, { t: name, buildargs });
  }
  return name;
}

const BUILDS_MAX = 3;

/** Runs a command in a container to its end. A command that could not be run at all has code 126 or 127. */
export async function runIn(
  container: Container,
  command: readonly string[],
  options: { user?: string; environment?: readonly string[] } = {},
): Promise<CommandResult> {
  const execution = await container.exec({
    Cmd: [...command],
    AttachStdout: true,
    AttachStderr: true,
    ...(options.user && { User: options.user }),
    ...(options.environment && { Env: [...options.environment] }),
  });
  const stream = await execution.start({ hijack: false, stdin: false });
  const output = { stdout: '', stderr: '' };
  const keep = (name: keyof typeof output) => ({
    write(chunk: Buffer) {
      output[name] += chunk.toString('utf8');
      return true;
    },
  });
  (await docker()).modem.demuxStream(
    stream,
    keep('stdout') as NodeJS.WritableStream,
    keep('stderr') as NodeJS.WritableStream,
  );
  await new Promise<void>((resolve, reject) => {
    stream.on('end', resolve).on('error', reject);
  });
  return { code: (await execution.inspect()).ExitCode ?? 126, ...output };
}

/** Removes what processes that no longer run have left behind; a cluster of a living process stays. */
export async function removeAbandoned(): Promise<void> {
  const engine = await docker();
  const filters = { label: [OWNER_LABEL] };
  const containers = await engine.listContainers({ all: true, filters });
  for (const each of containers.filter(({ Labels }) => isAbandoned(Labels)))
    await removed(() => engine.getContainer(each.Id).remove({ force: true, v: true }));
  const networks = await engine.listNetworks({ filters });
  for (const each of networks.filter(({ Labels }) => isAbandoned(Labels ?? {})))
    await removed(() => engine.getNetwork(each.Id).remove());
}

/** Other processes that have a cluster on this engine just now. */
export async function livingLabs(): Promise<number[]> {
  const filters = { label: [OWNER_LABEL] };
  const containers = await (await docker()).listContainers({ all: true, filters });
  const owners = containers
    .filter(({ Labels }) => !isAbandoned(Labels))
    .map(({ Labels }) => Number(Labels[OWNER_LABEL]));
  return [...new Set(owners)].filter((owner) => owner !== process.pid);
}

/** A busy engine says for a while that something is still in use, or is being removed already. */
export async function removed(remove: () => Promise<unknown>): Promise<void> {
  await until('the engine has removed it', async () => {
    try {
      await remove();
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    }
    return true;
  });
}

function isAbandoned(labels: Record<string, string>): boolean {
  try {
    process.kill(Number(labels[OWNER_LABEL]), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
