// Generated from proto/export.proto, never edited.
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["export"] || ($protobuf.roots["export"] = {});

export const TemporaryExposureKeyExport = $root.TemporaryExposureKeyExport = (() => {

    /**
     * Properties of a TemporaryExposureKeyExport.
     * @typedef {Object} TemporaryExposureKeyExport.$Properties
     * @property {number|null} [startTimestamp] TemporaryExposureKeyExport startTimestamp
     * @property {number|null} [endTimestamp] TemporaryExposureKeyExport endTimestamp
     * @property {string|null} [region] TemporaryExposureKeyExport region
     * @property {number|null} [batchNum] TemporaryExposureKeyExport batchNum
     * @property {number|null} [batchSize] TemporaryExposureKeyExport batchSize
     * @property {Array.<SignatureInfo.$Properties>|null} [signatureInfos] TemporaryExposureKeyExport signatureInfos
     * @property {Array.<TemporaryExposureKey.$Properties>|null} [keys] TemporaryExposureKeyExport keys
     * @property {Array.<TemporaryExposureKey.$Properties>|null} [revisedKeys] TemporaryExposureKeyExport revisedKeys
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a TemporaryExposureKeyExport.
     * @exports ITemporaryExposureKeyExport
     * @interface ITemporaryExposureKeyExport
     * @augments TemporaryExposureKeyExport.$Properties
     * @deprecated Use TemporaryExposureKeyExport.$Properties instead.
     */

    /**
     * Shape of a TemporaryExposureKeyExport.
     * @typedef {TemporaryExposureKeyExport.$Properties} TemporaryExposureKeyExport.$Shape
     */

    /**
     * Constructs a new TemporaryExposureKeyExport.
     * @exports TemporaryExposureKeyExport
     * @classdesc Represents a TemporaryExposureKeyExport.
     * @constructor
     * @param {TemporaryExposureKeyExport.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const TemporaryExposureKeyExport = function (properties) {
        this.signatureInfos = [];
        this.keys = [];
        this.revisedKeys = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * TemporaryExposureKeyExport startTimestamp.
     * @member {number|null|undefined} startTimestamp
     * @memberof TemporaryExposureKeyExport
     * @instance
     */
    TemporaryExposureKeyExport.prototype.startTimestamp = null;

    /**
     * TemporaryExposureKeyExport endTimestamp.
     * @member {number|null|undefined} endTimestamp
     * @memberof TemporaryExposureKeyExport
     * @instance
     */
    TemporaryExposureKeyExport.prototype.endTimestamp = null;

    /**
     * TemporaryExposureKeyExport region.
     * @member {string|null|undefined} region
     * @memberof TemporaryExposureKeyExport
     * @instance
     */
    TemporaryExposureKeyExport.prototype.region = null;

    /**
     * TemporaryExposureKeyExport batchNum.
     * @member {number|null|undefined} batchNum
     * @memberof TemporaryExposureKeyExport
     * @instance
     */
    TemporaryExposureKeyExport.prototype.batchNum = null;

    /**
     * TemporaryExposureKeyExport batchSize.
     * @member {number|null|undefined} batchSize
     * @memberof TemporaryExposureKeyExport
     * @instance
     */
    TemporaryExposureKeyExport.prototype.batchSize = null;

    /**
     * TemporaryExposureKeyExport signatureInfos.
     * @member {Array.<SignatureInfo.$Properties>} signatureInfos
     * @memberof TemporaryExposureKeyExport
     * @instance
     */
    TemporaryExposureKeyExport.prototype.signatureInfos = $util.emptyArray;

    /**
     * TemporaryExposureKeyExport keys.
     * @member {Array.<TemporaryExposureKey.$Properties>} keys
     * @memberof TemporaryExposureKeyExport
     * @instance
     */
    TemporaryExposureKeyExport.prototype.keys = $util.emptyArray;

    /**
     * TemporaryExposureKeyExport revisedKeys.
     * @member {Array.<TemporaryExposureKey.$Properties>} revisedKeys
     * @memberof TemporaryExposureKeyExport
     * @instance
     */
    TemporaryExposureKeyExport.prototype.revisedKeys = $util.emptyArray;

    /**
     * Decodes a TemporaryExposureKeyExport message from the specified reader or buffer.
     * @function decode
     * @memberof TemporaryExposureKeyExport
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {TemporaryExposureKeyExport & TemporaryExposureKeyExport.$Shape} TemporaryExposureKeyExport
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    TemporaryExposureKeyExport.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.TemporaryExposureKeyExport();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 1)
                        break;
                    message.startTimestamp = reader.fixed64();
                    continue;
                }
            case 2: {
                    if (wireType !== 1)
                        break;
                    message.endTimestamp = reader.fixed64();
                    continue;
                }
            case 3: {
                    if (wireType !== 2)
                        break;
                    message.region = reader.string();
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    message.batchNum = reader.int32();
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    message.batchSize = reader.int32();
                    continue;
                }
            case 6: {
                    if (wireType !== 2)
                        break;
                    if (!(message.signatureInfos && message.signatureInfos.length))
                        message.signatureInfos = [];
                    message.signatureInfos.push($root.SignatureInfo.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            case 7: {
                    if (wireType !== 2)
                        break;
                    if (!(message.keys && message.keys.length))
                        message.keys = [];
                    message.keys.push($root.TemporaryExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            case 8: {
                    if (wireType !== 2)
                        break;
                    if (!(message.revisedKeys && message.revisedKeys.length))
                        message.revisedKeys = [];
                    message.revisedKeys.push($root.TemporaryExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return TemporaryExposureKeyExport;
})();

export const SignatureInfo = $root.SignatureInfo = (() => {

    /**
     * Properties of a SignatureInfo.
     * @typedef {Object} SignatureInfo.$Properties
     * @property {string|null} [verificationKeyVersion] SignatureInfo verificationKeyVersion
     * @property {string|null} [verificationKeyId] SignatureInfo verificationKeyId
     * @property {string|null} [signatureAlgorithm] SignatureInfo signatureAlgorithm
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a SignatureInfo.
     * @exports ISignatureInfo
     * @interface ISignatureInfo
     * @augments SignatureInfo.$Properties
     * @deprecated Use SignatureInfo.$Properties instead.
     */

    /**
     * Shape of a SignatureInfo.
     * @typedef {SignatureInfo.$Properties} SignatureInfo.$Shape
     */

    /**
     * Constructs a new SignatureInfo.
     * @exports SignatureInfo
     * @classdesc Represents a SignatureInfo.
     * @constructor
     * @param {SignatureInfo.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const SignatureInfo = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * SignatureInfo verificationKeyVersion.
     * @member {string|null|undefined} verificationKeyVersion
     * @memberof SignatureInfo
     * @instance
     */
    SignatureInfo.prototype.verificationKeyVersion = null;

    /**
     * SignatureInfo verificationKeyId.
     * @member {string|null|undefined} verificationKeyId
     * @memberof SignatureInfo
     * @instance
     */
    SignatureInfo.prototype.verificationKeyId = null;

    /**
     * SignatureInfo signatureAlgorithm.
     * @member {string|null|undefined} signatureAlgorithm
     * @memberof SignatureInfo
     * @instance
     */
    SignatureInfo.prototype.signatureAlgorithm = null;

    /**
     * Decodes a SignatureInfo message from the specified reader or buffer.
     * @function decode
     * @memberof SignatureInfo
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {SignatureInfo & SignatureInfo.$Shape} SignatureInfo
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    SignatureInfo.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.SignatureInfo();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 3: {
                    if (wireType !== 2)
                        break;
                    message.verificationKeyVersion = reader.string();
                    continue;
                }
            case 4: {
                    if (wireType !== 2)
                        break;
                    message.verificationKeyId = reader.string();
                    continue;
                }
            case 5: {
                    if (wireType !== 2)
                        break;
                    message.signatureAlgorithm = reader.string();
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return SignatureInfo;
})();

export const TemporaryExposureKey = $root.TemporaryExposureKey = (() => {

    /**
     * Properties of a TemporaryExposureKey.
     * @typedef {Object} TemporaryExposureKey.$Properties
     * @property {Uint8Array|null} [keyData] TemporaryExposureKey keyData
     * @property {number|null} [transmissionRiskLevel] TemporaryExposureKey transmissionRiskLevel
     * @property {number|null} [rollingStartIntervalNumber] TemporaryExposureKey rollingStartIntervalNumber
     * @property {number|null} [rollingPeriod] TemporaryExposureKey rollingPeriod
     * @property {TemporaryExposureKey.ReportType|null} [reportType] TemporaryExposureKey reportType
     * @property {number|null} [daysSinceOnsetOfSymptoms] TemporaryExposureKey daysSinceOnsetOfSymptoms
     * @property {TemporaryExposureKey.VariantOfConcern|null} [variantOfConcern] TemporaryExposureKey variantOfConcern
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a TemporaryExposureKey.
     * @exports ITemporaryExposureKey
     * @interface ITemporaryExposureKey
     * @augments TemporaryExposureKey.$Properties
     * @deprecated Use TemporaryExposureKey.$Properties instead.
     */

    /**
     * Shape of a TemporaryExposureKey.
     * @typedef {TemporaryExposureKey.$Properties} TemporaryExposureKey.$Shape
     */

    /**
     * Constructs a new TemporaryExposureKey.
     * @exports TemporaryExposureKey
     * @classdesc Represents a TemporaryExposureKey.
     * @constructor
     * @param {TemporaryExposureKey.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const TemporaryExposureKey = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * TemporaryExposureKey keyData.
     * @member {Uint8Array|null|undefined} keyData
     * @memberof TemporaryExposureKey
     * @instance
     */
    TemporaryExposureKey.prototype.keyData = null;

    /**
     * TemporaryExposureKey transmissionRiskLevel.
     * @member {number|null|undefined} transmissionRiskLevel
     * @memberof TemporaryExposureKey
     * @instance
     */
    TemporaryExposureKey.prototype.transmissionRiskLevel = null;

    /**
     * TemporaryExposureKey rollingStartIntervalNumber.
     * @member {number|null|undefined} rollingStartIntervalNumber
     * @memberof TemporaryExposureKey
     * @instance
     */
    TemporaryExposureKey.prototype.rollingStartIntervalNumber = null;

    /**
     * TemporaryExposureKey rollingPeriod.
     * @member {number|null|undefined} rollingPeriod
     * @memberof TemporaryExposureKey
     * @instance
     */
    TemporaryExposureKey.prototype.rollingPeriod = null;

    /**
     * TemporaryExposureKey reportType.
     * @member {TemporaryExposureKey.ReportType|null|undefined} reportType
     * @memberof TemporaryExposureKey
     * @instance
     */
    TemporaryExposureKey.prototype.reportType = null;

    /**
     * TemporaryExposureKey daysSinceOnsetOfSymptoms.
     * @member {number|null|undefined} daysSinceOnsetOfSymptoms
     * @memberof TemporaryExposureKey
     * @instance
     */
    TemporaryExposureKey.prototype.daysSinceOnsetOfSymptoms = null;

    /**
     * TemporaryExposureKey variantOfConcern.
     * @member {TemporaryExposureKey.VariantOfConcern|null|undefined} variantOfConcern
     * @memberof TemporaryExposureKey
     * @instance
     */
    TemporaryExposureKey.prototype.variantOfConcern = null;

    /**
     * Decodes a TemporaryExposureKey message from the specified reader or buffer.
     * @function decode
     * @memberof TemporaryExposureKey
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {TemporaryExposureKey & TemporaryExposureKey.$Shape} TemporaryExposureKey
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    TemporaryExposureKey.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.TemporaryExposureKey();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    message.keyData = reader.bytes();
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    message.transmissionRiskLevel = reader.int32();
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    message.rollingStartIntervalNumber = reader.int32();
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    message.rollingPeriod = reader.int32();
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    value = reader.int32();
                    if ($root.TemporaryExposureKey.ReportType[value] !== $undefined)
                        message.reportType = value;
                    else if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                    continue;
                }
            case 6: {
                    if (wireType !== 0)
                        break;
                    message.daysSinceOnsetOfSymptoms = reader.sint32();
                    continue;
                }
            case 8: {
                    if (wireType !== 0)
                        break;
                    value = reader.int32();
                    if ($root.TemporaryExposureKey.VariantOfConcern[value] !== $undefined)
                        message.variantOfConcern = value;
                    else if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    /**
     * ReportType enum.
     * @name TemporaryExposureKey.ReportType
     * @enum {number}
     * @property {number} UNKNOWN=0 UNKNOWN value
     * @property {number} CONFIRMED_TEST=1 CONFIRMED_TEST value
     * @property {number} CONFIRMED_CLINICAL_DIAGNOSIS=2 CONFIRMED_CLINICAL_DIAGNOSIS value
     * @property {number} SELF_REPORT=3 SELF_REPORT value
     * @property {number} RECURSIVE=4 RECURSIVE value
     * @property {number} REVOKED=5 REVOKED value
     */
    TemporaryExposureKey.ReportType = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "UNKNOWN"] = 0;
        values[valuesById[1] = "CONFIRMED_TEST"] = 1;
        values[valuesById[2] = "CONFIRMED_CLINICAL_DIAGNOSIS"] = 2;
        values[valuesById[3] = "SELF_REPORT"] = 3;
        values[valuesById[4] = "RECURSIVE"] = 4;
        values[valuesById[5] = "REVOKED"] = 5;
        return values;
    })();

    /**
     * VariantOfConcern enum.
     * @name TemporaryExposureKey.VariantOfConcern
     * @enum {number}
     * @property {number} VARIANT_TYPE_UNKNOWN=0 VARIANT_TYPE_UNKNOWN value
     * @property {number} VARIANT_TYPE_1=1 VARIANT_TYPE_1 value
     * @property {number} VARIANT_TYPE_2=2 VARIANT_TYPE_2 value
     * @property {number} VARIANT_TYPE_3=3 VARIANT_TYPE_3 value
     * @property {number} VARIANT_TYPE_4=4 VARIANT_TYPE_4 value
     */
    TemporaryExposureKey.VariantOfConcern = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "VARIANT_TYPE_UNKNOWN"] = 0;
        values[valuesById[1] = "VARIANT_TYPE_1"] = 1;
        values[valuesById[2] = "VARIANT_TYPE_2"] = 2;
        values[valuesById[3] = "VARIANT_TYPE_3"] = 3;
        values[valuesById[4] = "VARIANT_TYPE_4"] = 4;
        return values;
    })();

    return TemporaryExposureKey;
})();

export const TEKSignatureList = $root.TEKSignatureList = (() => {

    /**
     * Properties of a TEKSignatureList.
     * @typedef {Object} TEKSignatureList.$Properties
     * @property {Array.<TEKSignature.$Properties>|null} [signatures] TEKSignatureList signatures
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a TEKSignatureList.
     * @exports ITEKSignatureList
     * @interface ITEKSignatureList
     * @augments TEKSignatureList.$Properties
     * @deprecated Use TEKSignatureList.$Properties instead.
     */

    /**
     * Shape of a TEKSignatureList.
     * @typedef {TEKSignatureList.$Properties} TEKSignatureList.$Shape
     */

    /**
     * Constructs a new TEKSignatureList.
     * @exports TEKSignatureList
     * @classdesc Represents a TEKSignatureList.
     * @constructor
     * @param {TEKSignatureList.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const TEKSignatureList = function (properties) {
        this.signatures = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * TEKSignatureList signatures.
     * @member {Array.<TEKSignature.$Properties>} signatures
     * @memberof TEKSignatureList
     * @instance
     */
    TEKSignatureList.prototype.signatures = $util.emptyArray;

    /**
     * Decodes a TEKSignatureList message from the specified reader or buffer.
     * @function decode
     * @memberof TEKSignatureList
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {TEKSignatureList & TEKSignatureList.$Shape} TEKSignatureList
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    TEKSignatureList.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.TEKSignatureList();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    if (!(message.signatures && message.signatures.length))
                        message.signatures = [];
                    message.signatures.push($root.TEKSignature.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return TEKSignatureList;
})();

export const TEKSignature = $root.TEKSignature = (() => {

    /**
     * Properties of a TEKSignature.
     * @typedef {Object} TEKSignature.$Properties
     * @property {SignatureInfo.$Properties|null} [signatureInfo] TEKSignature signatureInfo
     * @property {number|null} [batchNum] TEKSignature batchNum
     * @property {number|null} [batchSize] TEKSignature batchSize
     * @property {Uint8Array|null} [signature] TEKSignature signature
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a TEKSignature.
     * @exports ITEKSignature
     * @interface ITEKSignature
     * @augments TEKSignature.$Properties
     * @deprecated Use TEKSignature.$Properties instead.
     */

    /**
     * Shape of a TEKSignature.
     * @typedef {TEKSignature.$Properties} TEKSignature.$Shape
     */

    /**
     * Constructs a new TEKSignature.
     * @exports TEKSignature
     * @classdesc Represents a TEKSignature.
     * @constructor
     * @param {TEKSignature.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const TEKSignature = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * TEKSignature signatureInfo.
     * @member {SignatureInfo.$Properties|null|undefined} signatureInfo
     * @memberof TEKSignature
     * @instance
     */
    TEKSignature.prototype.signatureInfo = null;

    /**
     * TEKSignature batchNum.
     * @member {number|null|undefined} batchNum
     * @memberof TEKSignature
     * @instance
     */
    TEKSignature.prototype.batchNum = null;

    /**
     * TEKSignature batchSize.
     * @member {number|null|undefined} batchSize
     * @memberof TEKSignature
     * @instance
     */
    TEKSignature.prototype.batchSize = null;

    /**
     * TEKSignature signature.
     * @member {Uint8Array|null|undefined} signature
     * @memberof TEKSignature
     * @instance
     */
    TEKSignature.prototype.signature = null;

    /**
     * Decodes a TEKSignature message from the specified reader or buffer.
     * @function decode
     * @memberof TEKSignature
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {TEKSignature & TEKSignature.$Shape} TEKSignature
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    TEKSignature.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.TEKSignature();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    message.signatureInfo = $root.SignatureInfo.decode(reader, reader.size(), $undefined, _depth + 1, message.signatureInfo);
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    message.batchNum = reader.int32();
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    message.batchSize = reader.int32();
                    continue;
                }
            case 4: {
                    if (wireType !== 2)
                        break;
                    message.signature = reader.bytes();
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return TEKSignature;
})();

export {
  $root as default
};
