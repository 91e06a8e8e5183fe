# Shared names and facts. One file for each concern: network, keys, cluster, kafka, storage, access.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  name      = "mainshock-${var.environment}"
  zones     = [for letter in var.zones : "${var.region}${letter}"]
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  root      = "arn:${local.partition}:iam::${local.account}:root"
}
