/** What a frontend shows beside the fields that records keep: who wrote it last, and whether it still finds its pods. */

/** What is absent was not read. */
export interface FrontendSigns {
  /** Field managers that wrote selector and ports last; '' = nobody says. */
  readonly selectorBy?: string;
  readonly portsBy?: string;
  /** Would it still find the pods of all versions that run here? */
  readonly fits?: { readonly targetPort: boolean; readonly selector: boolean };
}
