/** A disk with a partition table. */
export interface Disk {
  /** bytes */
  readonly size: bigint;
  /** Addresses in the table count sectors of this many bytes. */
  readonly sectorBytes: number;
  read(offset: bigint, length: number): Promise<Buffer>;
}

/** bytes */
export interface Partition {
  readonly offset: bigint;
  readonly length: bigint;
}
