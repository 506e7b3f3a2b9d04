/** Up to here site a has become the leader, with the address: the beginning of most stories. */
export const LEADING = `
  0 found absent
  0 front well
  0 server follower
  0 postgres primary
  0 etcd patroni a
  0 lease 20
  10 won leader
  20 told taking-over
  20 won address
  30 held
  40 server writer 7
`;
