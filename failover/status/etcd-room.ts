/** From where on a member of etcd is said to fill. */
export { WARNED_FROM } from '../core/health/etcd-room.ts';
