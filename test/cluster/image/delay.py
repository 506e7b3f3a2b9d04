"""delay.py OWN_ADDRESS PEER=MILLISECONDS...: holds every packet from this site to a peer for so long.

Kernels without sch_netem cannot delay packets, so this is done in user space: packets to the peers are
routed into a TUN device, kept here, and sent on through a raw socket with a mark that routes them as usual.
Both sites hold what they send, so a round trip takes the delays of both. Each link keeps its order.
"""
import collections, fcntl, os, select, socket, struct, subprocess, sys, time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
MARK, TABLE = '1', '100'


def ip(*words):
    subprocess.run(['ip', *words], check=True)


def open_tun(own, peers):
    tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH', b'delay', IFF_TUN | IFF_NO_PI))
    mtu = open('/sys/class/net/eth0/mtu').read().strip()
    ip('link', 'set', 'delay', 'up', 'mtu', mtu, 'txqueuelen', '10000')
    subprocess.run(['ip', 'rule', 'del', 'pref', '50'], stderr=subprocess.DEVNULL)
    ip('rule', 'add', 'pref', '50', 'not', 'fwmark', MARK, 'lookup', TABLE)
    for peer in peers:
        ip('route', 'replace', peer, 'dev', 'delay', 'src', own, 'table', TABLE)
    return tun


def open_raw():
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(MARK))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
    return raw


def main(own, *links):
    delays = {peer: float(ms) / 1000 for peer, ms in (link.split('=') for link in links)}
    tun, raw = open_tun(own, delays), open_raw()
    held = {socket.inet_aton(peer): collections.deque() for peer in delays}
    delay_of = {socket.inet_aton(peer): delay for peer, delay in delays.items()}
    while True:
        due = min((queue[0][0] for queue in held.values() if queue), default=None)
        wait = None if due is None else max(0, due - time.monotonic())
        if select.select([tun], [], [], wait)[0]:
            take(tun, held, delay_of)
        send_due(raw, held)


def take(tun, held, delay_of):
    now = time.monotonic()
    for _ in range(256):
        try:
            packet = os.read(tun, 65535)
        except BlockingIOError:
            return
        peer = packet[16:20]
        if peer in held:
            held[peer].append((now + delay_of[peer], packet))


def send_due(raw, held):
    now = time.monotonic()
    for peer, queue in held.items():
        while queue and queue[0][0] <= now:
            try:
                raw.sendto(queue.popleft()[1], (socket.inet_ntoa(peer), 0))
            except OSError:
                pass  # as on a real link: what does not fit is lost, and TCP sends it again


main(*sys.argv[1:])
