# Copy, change, and name it: terraform plan -var-file=FILE
region      = "eu-central-1"
zones       = ["a", "b", "c"]
environment = "production"
cidr        = "10.40.0.0/16"
