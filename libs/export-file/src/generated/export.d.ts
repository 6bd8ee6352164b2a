// Generated from proto/export.proto, never edited.
import * as $protobuf from "protobufjs/minimal.js";

/**
 * Properties of a TemporaryExposureKeyExport.
 * @deprecated Use TemporaryExposureKeyExport.$Properties instead.
 */
export interface ITemporaryExposureKeyExport extends TemporaryExposureKeyExport.$Properties {
}

/** Represents a TemporaryExposureKeyExport. */
export class TemporaryExposureKeyExport {

    /**
     * Constructs a new TemporaryExposureKeyExport.
     * @param [properties] Properties to set
     */
    constructor(properties?: TemporaryExposureKeyExport.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** TemporaryExposureKeyExport startTimestamp. */
    startTimestamp?: (number|null);

    /** TemporaryExposureKeyExport endTimestamp. */
    endTimestamp?: (number|null);

    /** TemporaryExposureKeyExport region. */
    region?: (string|null);

    /** TemporaryExposureKeyExport batchNum. */
    batchNum?: (number|null);

    /** TemporaryExposureKeyExport batchSize. */
    batchSize?: (number|null);

    /** TemporaryExposureKeyExport signatureInfos. */
    signatureInfos: SignatureInfo.$Properties[];

    /** TemporaryExposureKeyExport keys. */
    keys: TemporaryExposureKey.$Properties[];

    /** TemporaryExposureKeyExport revisedKeys. */
    revisedKeys: TemporaryExposureKey.$Properties[];

    /**
     * Decodes a TemporaryExposureKeyExport message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {TemporaryExposureKeyExport & TemporaryExposureKeyExport.$Shape} TemporaryExposureKeyExport
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): TemporaryExposureKeyExport & TemporaryExposureKeyExport.$Shape;
}

export namespace TemporaryExposureKeyExport {

    /** Properties of a TemporaryExposureKeyExport. */
    interface $Properties {

        /** TemporaryExposureKeyExport startTimestamp */
        startTimestamp?: (number|null);

        /** TemporaryExposureKeyExport endTimestamp */
        endTimestamp?: (number|null);

        /** TemporaryExposureKeyExport region */
        region?: (string|null);

        /** TemporaryExposureKeyExport batchNum */
        batchNum?: (number|null);

        /** TemporaryExposureKeyExport batchSize */
        batchSize?: (number|null);

        /** TemporaryExposureKeyExport signatureInfos */
        signatureInfos?: (SignatureInfo.$Properties[]|null);

        /** TemporaryExposureKeyExport keys */
        keys?: (TemporaryExposureKey.$Properties[]|null);

        /** TemporaryExposureKeyExport revisedKeys */
        revisedKeys?: (TemporaryExposureKey.$Properties[]|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a TemporaryExposureKeyExport. */
    type $Shape = TemporaryExposureKeyExport.$Properties;
}

/**
 * Properties of a SignatureInfo.
 * @deprecated Use SignatureInfo.$Properties instead.
 */
export interface ISignatureInfo extends SignatureInfo.$Properties {
}

/** Represents a SignatureInfo. */
export class SignatureInfo {

    /**
     * Constructs a new SignatureInfo.
     * @param [properties] Properties to set
     */
    constructor(properties?: SignatureInfo.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** SignatureInfo verificationKeyVersion. */
    verificationKeyVersion?: (string|null);

    /** SignatureInfo verificationKeyId. */
    verificationKeyId?: (string|null);

    /** SignatureInfo signatureAlgorithm. */
    signatureAlgorithm?: (string|null);

    /**
     * Decodes a SignatureInfo message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {SignatureInfo & SignatureInfo.$Shape} SignatureInfo
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): SignatureInfo & SignatureInfo.$Shape;
}

export namespace SignatureInfo {

    /** Properties of a SignatureInfo. */
    interface $Properties {

        /** SignatureInfo verificationKeyVersion */
        verificationKeyVersion?: (string|null);

        /** SignatureInfo verificationKeyId */
        verificationKeyId?: (string|null);

        /** SignatureInfo signatureAlgorithm */
        signatureAlgorithm?: (string|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a SignatureInfo. */
    type $Shape = SignatureInfo.$Properties;
}

/**
 * Properties of a TemporaryExposureKey.
 * @deprecated Use TemporaryExposureKey.$Properties instead.
 */
export interface ITemporaryExposureKey extends TemporaryExposureKey.$Properties {
}

/** Represents a TemporaryExposureKey. */
export class TemporaryExposureKey {

    /**
     * Constructs a new TemporaryExposureKey.
     * @param [properties] Properties to set
     */
    constructor(properties?: TemporaryExposureKey.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** TemporaryExposureKey keyData. */
    keyData?: (Uint8Array|null);

    /** TemporaryExposureKey transmissionRiskLevel. */
    transmissionRiskLevel?: (number|null);

    /** TemporaryExposureKey rollingStartIntervalNumber. */
    rollingStartIntervalNumber?: (number|null);

    /** TemporaryExposureKey rollingPeriod. */
    rollingPeriod?: (number|null);

    /** TemporaryExposureKey reportType. */
    reportType?: (TemporaryExposureKey.ReportType|null);

    /** TemporaryExposureKey daysSinceOnsetOfSymptoms. */
    daysSinceOnsetOfSymptoms?: (number|null);

    /** TemporaryExposureKey variantOfConcern. */
    variantOfConcern?: (TemporaryExposureKey.VariantOfConcern|null);

    /**
     * Decodes a TemporaryExposureKey message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {TemporaryExposureKey & TemporaryExposureKey.$Shape} TemporaryExposureKey
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): TemporaryExposureKey & TemporaryExposureKey.$Shape;
}

export namespace TemporaryExposureKey {

    /** Properties of a TemporaryExposureKey. */
    interface $Properties {

        /** TemporaryExposureKey keyData */
        keyData?: (Uint8Array|null);

        /** TemporaryExposureKey transmissionRiskLevel */
        transmissionRiskLevel?: (number|null);

        /** TemporaryExposureKey rollingStartIntervalNumber */
        rollingStartIntervalNumber?: (number|null);

        /** TemporaryExposureKey rollingPeriod */
        rollingPeriod?: (number|null);

        /** TemporaryExposureKey reportType */
        reportType?: (TemporaryExposureKey.ReportType|null);

        /** TemporaryExposureKey daysSinceOnsetOfSymptoms */
        daysSinceOnsetOfSymptoms?: (number|null);

        /** TemporaryExposureKey variantOfConcern */
        variantOfConcern?: (TemporaryExposureKey.VariantOfConcern|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a TemporaryExposureKey. */
    type $Shape = TemporaryExposureKey.$Properties;

    /** ReportType enum. */
    enum ReportType {

        /** UNKNOWN value */
        UNKNOWN = 0,

        /** CONFIRMED_TEST value */
        CONFIRMED_TEST = 1,

        /** CONFIRMED_CLINICAL_DIAGNOSIS value */
        CONFIRMED_CLINICAL_DIAGNOSIS = 2,

        /** SELF_REPORT value */
        SELF_REPORT = 3,

        /** RECURSIVE value */
        RECURSIVE = 4,

        /** REVOKED value */
        REVOKED = 5
    }

    /** VariantOfConcern enum. */
    enum VariantOfConcern {

        /** VARIANT_TYPE_UNKNOWN value */
        VARIANT_TYPE_UNKNOWN = 0,

        /** VARIANT_TYPE_1 value */
        VARIANT_TYPE_1 = 1,

        /** VARIANT_TYPE_2 value */
        VARIANT_TYPE_2 = 2,

        /** VARIANT_TYPE_3 value */
        VARIANT_TYPE_3 = 3,

        /** VARIANT_TYPE_4 value */
        VARIANT_TYPE_4 = 4
    }
}

/**
 * Properties of a TEKSignatureList.
 * @deprecated Use TEKSignatureList.$Properties instead.
 */
export interface ITEKSignatureList extends TEKSignatureList.$Properties {
}

/** Represents a TEKSignatureList. */
export class TEKSignatureList {

    /**
     * Constructs a new TEKSignatureList.
     * @param [properties] Properties to set
     */
    constructor(properties?: TEKSignatureList.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** TEKSignatureList signatures. */
    signatures: TEKSignature.$Properties[];

    /**
     * Decodes a TEKSignatureList message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {TEKSignatureList & TEKSignatureList.$Shape} TEKSignatureList
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): TEKSignatureList & TEKSignatureList.$Shape;
}

export namespace TEKSignatureList {

    /** Properties of a TEKSignatureList. */
    interface $Properties {

        /** TEKSignatureList signatures */
        signatures?: (TEKSignature.$Properties[]|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a TEKSignatureList. */
    type $Shape = TEKSignatureList.$Properties;
}

/**
 * Properties of a TEKSignature.
 * @deprecated Use TEKSignature.$Properties instead.
 */
export interface ITEKSignature extends TEKSignature.$Properties {
}

/** Represents a TEKSignature. */
export class TEKSignature {

    /**
     * Constructs a new TEKSignature.
     * @param [properties] Properties to set
     */
    constructor(properties?: TEKSignature.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** TEKSignature signatureInfo. */
    signatureInfo?: (SignatureInfo.$Properties|null);

    /** TEKSignature batchNum. */
    batchNum?: (number|null);

    /** TEKSignature batchSize. */
    batchSize?: (number|null);

    /** TEKSignature signature. */
    signature?: (Uint8Array|null);

    /**
     * Decodes a TEKSignature message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {TEKSignature & TEKSignature.$Shape} TEKSignature
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): TEKSignature & TEKSignature.$Shape;
}

export namespace TEKSignature {

    /** Properties of a TEKSignature. */
    interface $Properties {

        /** TEKSignature signatureInfo */
        signatureInfo?: (SignatureInfo.$Properties|null);

        /** TEKSignature batchNum */
        batchNum?: (number|null);

        /** TEKSignature batchSize */
        batchSize?: (number|null);

        /** TEKSignature signature */
        signature?: (Uint8Array|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a TEKSignature. */
    type $Shape = TEKSignature.$Properties;
}
