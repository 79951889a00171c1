/** An offset in bytes; a number is allowed where it is exact. */
export type Offset = bigint | number;

/** A watched descriptor. */
export interface Watch {
  /**
   * Selects the events to report; none at first. `left` reports both `end` (the peer sends no more data) and
   * `hangUp` (the peer also receives no more; Linux only). A failed descriptor is reported as ready for every
   * event, and only once until the next call of `want`.
   */
  want(readable: boolean, writable: boolean, end?: boolean, hangUp?: boolean): void;
  /** Stops all callbacks. The descriptor stays open. */
  close(): void;
}

/** The descriptors of a pipe: bytes written to `writeEnd` are read from `readEnd`. */
export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

export interface SocketAddress {
  readonly family: "tcp" | "unix" | "vsock";
  /** IP address; the path of a Unix socket, empty when it has no name; the number of a machine (vsock). */
  readonly host: string;
  readonly port: number;
}

/** Credentials of a peer; a member is absent when the system does not report it. */
export interface PeerCredentials {
  readonly pid?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Usually the SELinux context of the peer. */
  readonly securityContext?: string;
}

export interface NativeFeatures {
  readonly exitWithParent: boolean;
  readonly punchHole: boolean;
  readonly zeroRange: boolean;
  readonly extents: boolean;
  readonly fadvise: boolean;
  readonly memoryFile: boolean;
  readonly memoryLock: boolean;
  /** BLKSSZGET, BLKZEROOUT, BLKDISCARD, BLKROTATIONAL */
  readonly blockDevice: boolean;
}

export type FileAdvice = "normal" | "random" | "sequential" | "dontneed" | "willneed";

export interface BlockDevice {
  /** bytes */
  readonly size: bigint;
  /** bytes: the smallest addressable unit */
  readonly logicalBlockSize: number;
  /** bytes: the smallest unit written without a read first */
  readonly physicalBlockSize: number;
  /** bytes: preferred unit (0 when the device names none) */
  readonly optimalBlockSize: number;
  readonly rotational: boolean;
}
