//! The face of an SNMP agent: security is the wire's, objects are answered here.
