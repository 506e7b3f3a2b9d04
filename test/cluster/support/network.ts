import { randomBytes } from 'node:crypto';
import { type Container, docker, OWNER_LABEL, removed, runIn } from './engine.ts';

/** The LAN of one cluster: a bridge with a switch port (the host's end of a veth pair) per machine. */
export interface Lan {
  readonly networkId: string;
  readonly prefixLength: number;
  /** The address with this last octet. */
  ip(host: number): string;
  /** The same by IPv6, on a LAN that has it. */
  ipv6(host: number): string;
  /** Unplugs a machine as a switch would: its link stays up, and not even an ARP packet passes. */
  unplug(machine: Container): Promise<void>;
  plugIn(machine: Container): Promise<void>;
  remove(): Promise<void>;
}

interface LanOptions {
  readonly image: string;
  readonly mtu: number;
  readonly ipv6: boolean;
}

export async function createLan(options: LanOptions): Promise<Lan> {
  const bridge = `farol-${randomBytes(4).toString('hex')}`;
  const { network, subnet, subnet6 } = await createBridge(bridge, options);
  const technician = await startTechnician(options.image, bridge);
  const setPort = async (machine: Container, master: string[]) => {
    const port = await portOf(machine, technician);
    await must(technician, ['ip', 'link', 'set', port, ...master]);
  };
  return {
    networkId: network.id,
    prefixLength: 24,
    ip: (host) => `${subnet}.${host}`,
    ipv6: (host) => `${subnet6}${host}`,
    unplug: (machine) => setPort(machine, ['nomaster']),
    plugIn: (machine) => setPort(machine, ['master', bridge]),
    async remove() {
      await removed(() => technician.remove({ force: true }));
      await removed(() => network.remove());
    },
  };
}

/** The engine refuses a subnet that another network has; then the next one is tried. */
async function createBridge(bridge: string, { mtu, ipv6 }: LanOptions) {
  const first = randomBytes(1)[0]!;
  for (let tries = 0; ; tries++) {
    const number = (first + tries) % 256;
    const subnet = `10.213.${number}`;
    const subnet6 = `fd00:213:${number}::`;
    try {
      const network = await (await docker()).createNetwork({
        Name: bridge,
        Driver: 'bridge',
        EnableIPv6: ipv6,
        IPAM: {
          Config: [
            { Subnet: `${subnet}.0/24`, Gateway: `${subnet}.1` },
            ...(ipv6 ? [{ Subnet: `${subnet6}/64` }] : []),
          ],
        },
        Labels: { [OWNER_LABEL]: String(process.pid) },
        Options: {
          'com.docker.network.bridge.name': bridge,
          'com.docker.network.driver.mtu': String(mtu),
        },
      });
      return { network, subnet, subnet6 };
    } catch (error) {
      if (tries === 20) throw new Error('No free subnet for a test cluster', { cause: error });
    }
  }
}

/** A container in the host's own network: it moves the ports, so that the tests need not be root. */
async function startTechnician(image: string, bridge: string): Promise<Container> {
  const container = await (await docker()).createContainer({
    Image: image,
    name: `${bridge}-technician`,
    Entrypoint: ['sleep', 'infinity'],
    Labels: { [OWNER_LABEL]: String(process.pid) },
    HostConfig: { NetworkMode: 'host', CapAdd: ['NET_ADMIN'], Init: false },
  });
  await container.start();
  return container;
}

async function portOf(machine: Container, technician: Container): Promise<string> {
  const index = (await must(machine, ['cat', '/sys/class/net/eth0/iflink'])).trim();
  const links = await must(technician, ['ip', '-o', 'link']);
  const port = new RegExp(`^${index}: ([^@:]+)`, 'm').exec(links)?.[1];
  if (port === undefined) throw new Error(`No network device ${index} on this machine`);
  return port;
}

async function must(container: Container, command: string[]): Promise<string> {
  const { code, stdout, stderr } = await runIn(container, command);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}
