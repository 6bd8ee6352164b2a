/** A key as a phone offers it for publication, nothing about it checked yet. */
export interface OfferedKey {
  /** Base64 in the spelling that was sent, which the MAC of a certificate depends on. */
  readonly key: string;
  /** Interval number in which the key became valid. */
  readonly rollingStartNumber: number;
  /** For how many intervals it is valid. */
  readonly rollingPeriod: number;
  /** 0 when the phone sent none. */
  readonly transmissionRisk: number;
}
